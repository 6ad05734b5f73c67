import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { UserError } from '@mdcreator/shared/user-error'
import { processIdentity } from './processes.ts'

/**
 * Claims the data folder for this process, so that no second MD Creator takes our PostgreSQL for an orphan.
 * A claim whose process has ended is taken over. Returns the function that gives the claim up.
 */
export function lockDataDir(dataDir: string): () => void {
  const file = `${dataDir}.lock`
  const claim = JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, claim, { mode: 0o644 })
  try {
    // A link appears with its content at once, and fails when the name is taken.
    while (!tryLink(draft, file)) removeIfStale(file, dataDir)
  } finally {
    rmSync(draft, { force: true })
  }
  return () => {
    if (read(file) === claim) rmSync(file, { force: true })
  }
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

function removeIfStale(file: string, dataDir: string): void {
  refuseIfHeld(read(file), dataDir)
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  try {
    // Someone else may have taken the stale lock over just before the rename: then it is theirs.
    refuseIfHeld(read(aside), dataDir)
  } catch (error) {
    tryLink(aside, file)
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function refuseIfHeld(claim: string | undefined, dataDir: string): void {
  const { pid, identity } = parse(claim)
  if (pid === undefined || identity === undefined || processIdentity(pid) !== identity) return
  throw new UserError(
    `Another MD Creator (process ${pid}) uses the data in ${dataDir}: stop it first, or set DATA_DIR to another folder`,
  )
}

function parse(claim: string | undefined): { pid?: number; identity?: string } {
  try {
    return JSON.parse(claim ?? '{}') as { pid?: number; identity?: string }
  } catch {
    return {}
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
