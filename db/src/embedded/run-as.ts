import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '@mdcreator/shared/user-error'

/** The user that PostgreSQL's programs run as; undefined means the user that runs Node. */
export type RunAs = { uid: number; gid: number } | undefined

/** How every program of PostgreSQL is spawned: English messages, UTC, nothing inherited, no closed working directory. */
export const SPAWN = {
  cwd: '/',
  env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' },
  // A session of its own: Ctrl-C in the terminal must reach Node only, which then stops PostgreSQL last.
  detached: true,
} as const

/**
 * Whom to run PostgreSQL as. It refuses root, so root lends it to the owner of the existing data,
 * or else to `postgres`, or else to `nobody`.
 */
export function chooseRunAs(dataDir: string): RunAs {
  if (process.getuid?.() !== 0) return undefined
  if (existsSync(path.join(dataDir, 'PG_VERSION'))) {
    const { uid, gid } = statSync(dataDir)
    if (uid !== 0) return { uid, gid }
  }
  const lent = lentUser()
  const { error } = spawnSync('/bin/true', { ...SPAWN, ...lent })
  if (error && 'code' in error && error.code !== 'ENOENT') {
    throw new UserError(
      'PostgreSQL cannot run as root, and this machine does not let root act as another user: ' +
        'start as an ordinary user, or set DATABASE_URL to a PostgreSQL server',
      { cause: error },
    )
  }
  return lent
}

function lentUser(): NonNullable<RunAs> {
  const users = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : ''
  const line = /^postgres:.*$/m.exec(users) ?? /^nobody:.*$/m.exec(users)
  const [, , uid, gid] = line?.[0].split(':') ?? []
  if (!uid || !gid) {
    throw new UserError(
      'PostgreSQL cannot run as root, and this machine has no user named postgres or nobody: start as an ordinary user',
    )
  }
  // macOS writes nobody's id as -2; spawn wants the unsigned form.
  return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
}

/** Whether that user can enter the folder: every folder above it must be open to them as well. */
export function canEnter(dir: string, runAs: RunAs): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', dir], { ...SPAWN, ...runAs }).status === 0
}
