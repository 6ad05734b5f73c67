import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { holdsCluster } from './data-dir.ts'
import { explainFailure } from './failure.ts'
import { type RunAs, SPAWN } from './run-as.ts'

type Cluster = { native: string; dataDir: string; runAs: RunAs; durable: boolean; onProgress: (line: string) => void }

/**
 * Makes sure that the folder holds a cluster, and returns the password of its superuser `postgres`.
 * The password lies beside the data, readable by the owner only: every local user can connect to 127.0.0.1.
 */
export async function ensureCluster(cluster: Cluster): Promise<string> {
  const { dataDir } = cluster
  await removeUnfinished(dataDir)
  const file = `${dataDir}.password`
  if (!holdsCluster(dataDir)) {
    const password = randomBytes(24).toString('hex')
    await createCluster(cluster, password)
    return password
  }
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const password = randomBytes(24).toString('hex')
  await resetPassword(cluster, password)
  writePassword(file, password, cluster.runAs)
  return password
}

/** Builds the cluster under another name, so that a killed initdb never leaves half a cluster behind. */
async function createCluster(
  { native, dataDir, runAs, durable, onProgress }: Cluster,
  password: string,
): Promise<void> {
  onProgress('Creating the database (first start only)…')
  const staging = mkdtempSync(`${dataDir}.new-`)
  if (runAs) chownSync(staging, runAs.uid, runAs.gid)
  try {
    const passwordFile = path.join(staging, 'password')
    const data = path.join(staging, 'data')
    writePassword(passwordFile, password, runAs)
    const flags = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8']
    const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    if (!durable) flags.push('--no-sync')
    await run(path.join(native, 'bin/initdb'), [...flags, ...locale, '--no-instructions'], '', runAs, dataDir)
    renameSync(passwordFile, `${dataDir}.password`)
    renameSync(data, dataDir)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** For data that came without its password file, such as a restored folder. */
async function resetPassword({ native, dataDir, runAs }: Cluster, password: string): Promise<void> {
  const sql = `ALTER ROLE postgres PASSWORD '${password}'\n`
  await run(path.join(native, 'bin/postgres'), ['--single', '-D', dataDir, 'postgres'], sql, runAs, dataDir)
}

async function run(program: string, args: string[], input: string, runAs: RunAs, dataDir: string): Promise<void> {
  const child = spawn(program, args, { ...SPAWN, ...runAs, stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.on('error', () => undefined).end(input)
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  if (code !== 0) throw explainFailure(`${path.basename(program)} failed`, said, dataDir)
}

function writePassword(file: string, password: string, runAs: RunAs): void {
  writeFileSync(file, password, { mode: 0o600 })
  if (runAs) chownSync(file, runAs.uid, runAs.gid)
}

/** What earlier starts left behind when they were killed during initdb. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const parent = path.dirname(dataDir)
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(`${path.basename(dataDir)}.new-`)) continue
    try {
      await rm(path.join(parent, name), { recursive: true, force: true, maxRetries: 8 })
    } catch {
      // An initdb that outlived its supervisor still writes: the next start removes the rest.
    }
  }
}
