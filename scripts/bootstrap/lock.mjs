import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const BEAT_MS = 1000
/** A living holder touches its lock every second; an id alone may belong to an unrelated process by now. */
const SILENT_MS = 60_000

/** Runs the work while no other process holds the lock in this folder; takes over from one that was killed. */
export async function withLock(dir, work) {
  mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'lock')
  await acquire(file)
  const release = () => rmSync(file, { force: true })
  const beat = setInterval(() => touch(file), BEAT_MS)
  process.on('exit', release)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    process.off('exit', release)
    release()
  }
}

/** Names a child as a further holder: it may go on working when this process is killed. */
export function shareLock(dir, pid) {
  appendFileSync(path.join(dir, 'lock'), ` ${pid}`)
}

async function acquire(file) {
  let told = false
  while (!tryCreate(file)) {
    const holder = readHolder(file)
    if (holder === undefined) continue
    if (!holder.lives) {
      takeAside(file, holder)
      continue
    }
    if (!told) console.error(`Waiting until process ${holder.pid} has installed…`)
    told = true
    await sleep(200)
  }
}

function tryCreate(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function readHolder(file) {
  try {
    const { mtimeMs, ino } = statSync(file)
    const pids = readFileSync(file, 'utf8').split(' ').map(Number)
    const silent = Date.now() - mtimeMs > SILENT_MS
    // Just created and not yet written to: its holder lives.
    return { pid: pids[0], ino, lives: !silent && pids.some((pid) => pid === 0 || isRunning(pid)) }
  } catch {
    return undefined
  }
}

/** Of several that find the same stale lock, one moves it away; another's new lock is put back. */
function takeAside(file, stale) {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
    if (statSync(aside).ino !== stale.ino) renameSync(aside, file)
  } catch {
    // Someone else was first.
  }
  rmSync(aside, { force: true })
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date())
  } catch {
    // The folder was removed meanwhile; the install will say so.
  }
}
