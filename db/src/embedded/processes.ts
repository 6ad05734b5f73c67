import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What tells this process apart from a later one with the same id, on this boot or another.
 * Undefined when no such process runs; a zombie does not run.
 */
export function processIdentity(pid: number): string | undefined {
  if (!existsSync('/proc/self/stat')) return ps(pid, 'lstart')
  const fields = readStat(pid)
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return `${boot} ${fields[19]}`
}

/** The program and its arguments joined by spaces; empty when no such process runs. */
export function commandLine(pid: number): string {
  if (!existsSync('/proc/self/stat')) return ps(pid, 'command') ?? ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Whether the process ended within the time. */
export async function waitForEnd(pid: number, milliseconds: number): Promise<boolean> {
  const identity = processIdentity(pid)
  const deadline = performance.now() + milliseconds
  while (identity !== undefined && processIdentity(pid) === identity) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}

/** The fields of /proc/<pid>/stat from the state on: the name before it may hold spaces and parentheses. */
function readStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** For systems without /proc (macOS). */
function ps(pid: number, column: 'lstart' | 'command'): string | undefined {
  const result = spawnSync('ps', ['-ww', '-o', 'stat=', '-o', `${column}=`, '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
  })
  const [, state, text] = /^(\S+)\s+(.*)$/s.exec(result.stdout?.trim() ?? '') ?? []
  return state === undefined || state.startsWith('Z') ? undefined : text
}
