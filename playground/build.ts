import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '@mdcreator/shared/user-error'

const here = fileURLToPath(new URL('.', import.meta.url))
const dist = path.join(here, 'dist')
const stampFile = path.join(dist, '.inputs')
const inputs = [
  'index.html',
  'vite.config.ts',
  'build.ts',
  'package.json',
  'src',
  'public',
  '../shared/src/markdown',
  '../shared/src/person-color.ts',
  '../pnpm-lock.yaml',
]

/**
 * Builds the page, unless what is in `dist` was built from the same inputs.
 * @returns the absolute path of the folder to serve.
 * @throws {UserError} where the folder cannot be written or a source does not compile.
 */
export async function buildPlayground(onProgress: (line: string) => void = () => {}): Promise<string> {
  const stamp = await hashInputs()
  if ((await readFile(stampFile, 'utf8').catch(() => null)) === stamp) return dist
  onProgress('Building the playground …')
  // Loaded here only: the start that finds a finished build need not wait for the bundler.
  const [{ build }, { default: config }] = await Promise.all([import('vite'), import('./vite.config.ts')])
  try {
    await build({ ...config, configFile: false })
    await writeFile(stampFile, stamp)
  } catch (cause) {
    throw new UserError(explain(cause as NodeJS.ErrnoException), { cause })
  }
  return dist
}

function explain(error: NodeJS.ErrnoException): string {
  const unwritable = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code ?? '')
  if (unwritable) return `The playground cannot be written to ${dist} (${error.code}): make that folder writable`
  return `The playground cannot be built: ${error.message.split('\n', 1)[0]}`
}

async function hashInputs(): Promise<string> {
  const hash = createHash('sha256')
  for (const input of inputs) {
    for (const file of await filesUnder(path.join(here, input))) {
      const content = await readFile(file)
      hash.update(`${path.relative(here, file)}\0${content.length}\0`).update(content)
    }
  }
  return hash.digest('hex')
}

/** The file itself, or every file of the folder, in a stable order. */
async function filesUnder(entry: string): Promise<string[]> {
  const children = await readdir(entry, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return null
      throw error
    },
  )
  if (children === null) return [entry]
  return children
    .filter((child) => child.isFile())
    .map((child) => path.join(child.parentPath, child.name))
    .sort()
}
