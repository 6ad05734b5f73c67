import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '@mdcreator/shared/user-error'
import { commandLine, waitForEnd } from './processes.ts'

/**
 * Stops a PostgreSQL that outlived its killed supervisor. Call it only while holding the lock on the data folder.
 * The id in `postmaster.pid` may belong to an unrelated process by now; that one is left alone.
 */
export async function stopOrphan(dataDir: string): Promise<void> {
  const pid = leftoverPid(dataDir)
  if (pid === undefined) return
  for (const [signal, patience] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    if (!commandLine(pid).includes(`/postgres -D ${dataDir} `)) return
    process.kill(pid, signal)
    if (await waitForEnd(pid, patience)) return
  }
  throw new UserError(`An earlier PostgreSQL (process ${pid}) still uses ${dataDir} and does not stop: end it by hand`)
}

/** The process id in the `postmaster.pid` that a PostgreSQL left when it was killed. */
export function leftoverPid(dataDir: string): number | undefined {
  const file = path.join(dataDir, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  return pid > 0 ? pid : undefined
}
