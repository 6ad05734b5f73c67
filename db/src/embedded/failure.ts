import { UserError } from '@mdcreator/shared/user-error'

const PORT_TAKEN = /could not create any TCP\/IP sockets/
const LEFTOVERS = /pre-existing shared memory block/

const CAUSES: [RegExp, (dataDir: string) => string][] = [
  [
    /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/,
    (dir) => `The disk that holds ${dir} is full: free some space, or set DATA_DIR to a folder on another disk`,
  ],
  [PORT_TAKEN, () => 'The port meant for PostgreSQL is taken: stop the program that holds it, or choose another port'],
  [LEFTOVERS, (dir) => `Processes of an earlier PostgreSQL still use ${dir}: end them by hand, then start again`],
  [
    /lock file "postmaster.pid" already exists/,
    (dir) => `Another PostgreSQL uses the data in ${dir}: stop it first, or set DATA_DIR to another folder`,
  ],
  [
    /database files are incompatible with server/,
    (dir) =>
      `The data in ${dir} was written by another major version of PostgreSQL: ` +
      'restore a backup into a new folder, and set DATA_DIR to it',
  ],
  [
    /EACCES|EPERM|EROFS|ENOTDIR|EEXIST|Permission denied|Read-only file system/,
    (dir) => `Cannot write to the data folder ${dir}: make it a writable folder, or set DATA_DIR to another one`,
  ],
  [
    /EBUSY/,
    (dir) => `The folder ${dir} is a mount point: mount the folder above it instead, or set DATA_DIR to a folder in it`,
  ],
]

/** One line for a failure of PostgreSQL or of the file system, from what it said; what it said becomes the cause. */
export function explainFailure(what: string, said: string, dataDir: string): UserError {
  const cause = new Error(said.trim())
  const known = CAUSES.find(([pattern]) => pattern.test(said))
  if (known) return new UserError(known[1](dataDir), { cause })
  const lines = said.trim().split('\n')
  const telling = lines.findLast((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1) ?? ''
  return new UserError(`${what} (data folder ${dataDir}): ${telling.replace(/^.*?(FATAL|PANIC|error): +/, '')}`, {
    cause,
  })
}

/** Turns a system error into one line; anything else stays as it is. */
export function explainError(error: unknown, dataDir: string): unknown {
  if (!(error instanceof Error) || error instanceof UserError || !('code' in error)) return error
  return explainFailure('Could not start PostgreSQL', error.message, dataDir)
}

/** Whether PostgreSQL did not start because something else listens on its port. */
export function saysPortTaken(error: unknown): boolean {
  return PORT_TAKEN.test(said(error))
}

/** Whether PostgreSQL did not start because processes of an earlier one have not ended yet. */
export function saysLeftovers(error: unknown): boolean {
  return LEFTOVERS.test(said(error))
}

function said(error: unknown): string {
  return error instanceof UserError && error.cause instanceof Error ? error.cause.message : ''
}
