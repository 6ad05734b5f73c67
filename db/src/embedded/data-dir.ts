import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, lchownSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '@mdcreator/shared/user-error'
import { canEnter, chooseRunAs, type RunAs } from './run-as.ts'

/** Where root keeps what a lent user must reach. */
export const SYSTEM_DIR = '/var/lib/mdcreator'

/**
 * Where the data goes when nobody chose a folder: in the wanted one, except that root, who must lend PostgreSQL to
 * another user, gets `/var/lib/mdcreator/<hash of the wanted path>/` when that user cannot reach the wanted folder
 * (a checkout below /root). The same wanted path always leads to the same place, and data that already lies in the
 * wanted folder is never passed over. Not for a folder that a person chose: that one works or fails with a clear line.
 */
export function embeddedDataDir(wanted: string, onProgress?: (line: string) => void): string {
  const dataDir = canonicalPath(wanted)
  const runAs = chooseRunAs(dataDir)
  if (!runAs || holdsCluster(dataDir)) return dataDir
  if (canEnter(nearestExisting(dataDir), runAs)) return dataDir
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  const moved = path.join(SYSTEM_DIR, hash, path.basename(dataDir))
  onProgress?.(`The database lies in ${moved}, because root must lend it to a user who cannot reach ${dataDir}`)
  return moved
}

/** One name per folder, whatever symlinks lead to it, also when it does not exist yet. */
export function canonicalPath(dir: string): string {
  const absolute = path.resolve(dir)
  const existing = nearestExisting(absolute)
  return path.join(realpathSync(existing), path.relative(existing, absolute))
}

/** Creates the folders above the data and makes sure that PostgreSQL's user may use them and owns the data. */
export function prepareDataDir(dataDir: string, runAs: RunAs): void {
  mkdirOpen(path.dirname(dataDir))
  if (!canEnter(path.dirname(dataDir), runAs)) {
    throw new UserError(
      `PostgreSQL cannot run as root, and the user it is lent to cannot reach ${dataDir}: ` +
        'open the folders above it to that user (chmod o+x), or set DATA_DIR to a folder elsewhere',
    )
  }
  if (!holdsCluster(dataDir)) {
    refuseForeign(dataDir)
    return
  }
  const owner = statSync(dataDir).uid
  if (runAs && owner !== runAs.uid) giveTo(dataDir, runAs)
  if (!runAs && owner !== process.getuid?.()) {
    throw new UserError(
      `The data folder ${dataDir} belongs to another user: start as that user, or set DATA_DIR to a folder of yours`,
    )
  }
  // PostgreSQL refuses a folder that others can read, which a copy or a restored backup may have become.
  chmodSync(dataDir, 0o700)
}

/** Anything but an empty folder is somebody else's, and stays as it is. */
function refuseForeign(dataDir: string): void {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return
  throw new UserError(
    `The folder ${dataDir} holds other things than PostgreSQL's data: set DATA_DIR to an empty folder`,
  )
}

/** Whether the folder holds a PostgreSQL cluster already. */
export function holdsCluster(dataDir: string): boolean {
  return existsSync(path.join(dataDir, 'PG_VERSION'))
}

/** Missing folders are made open to enter whatever the umask; existing ones keep their modes. */
function mkdirOpen(dir: string): void {
  if (existsSync(dir) && statSync(dir).isDirectory()) return
  mkdirOpen(path.dirname(dir))
  mkdirSync(dir)
  chmodSync(dir, 0o755)
}

function giveTo(dir: string, { uid, gid }: NonNullable<RunAs>): void {
  chownSync(dir, uid, gid)
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    lchownSync(path.join(entry.parentPath, entry.name), uid, gid)
  }
}

function nearestExisting(dir: string): string {
  return existsSync(dir) || dir === path.dirname(dir) ? dir : nearestExisting(path.dirname(dir))
}
