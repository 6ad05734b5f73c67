// What the tests share: folders that a lent user can reach, and a supervisor in a process of its own that can be killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'

/** A temporary folder that the user to whom root lends PostgreSQL can pass through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-embedded-'))
  chmodSync(folder, 0o711)
  return folder
}

/** A Node that supervises a durable PostgreSQL until it is killed, or until its stdin ends: then it exits by itself. */
export function spawnSupervisor(dataDir: string): ChildProcess {
  const module = JSON.stringify(path.join(import.meta.dirname, '../embedded.ts'))
  const source = `
    process.stdin.on('end', () => process.exit(0)).resume()
    const { startEmbeddedPostgres } = await import(${module})
    const { url } = await startEmbeddedPostgres(${JSON.stringify(dataDir)})
    console.log(url)
  `
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** The url that a spawned supervisor prints once PostgreSQL is ready. */
export async function urlOf(supervisor: ChildProcess): Promise<string> {
  if (!supervisor.stdout) throw new Error('The supervisor has no stdout')
  const [chunk] = (await once(supervisor.stdout, 'data')) as [Buffer]
  return chunk.toString().trim()
}

/** Ends the process as `kill -9` does, and waits until it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** The first line of `postmaster.pid`. */
export function postmasterPid(dataDir: string): number {
  return Number.parseInt(readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8'), 10)
}

/** Runs one statement on a connection of its own; returns the first column. */
export async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<unknown[]>({ text: statement, rowMode: 'array' })
    return rows.map(([first]) => first)
  } finally {
    await client.end()
  }
}

/** Repeats until the work succeeds; its last failure is thrown after ten seconds. */
export async function eventually<T>(work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** The error with which the promise rejects. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It did not fail')
}
