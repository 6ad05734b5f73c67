import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Ends a process as `kill -9` does; resolves when it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  const gone = exited(child)
  child.kill('SIGKILL')
  await gone
}

/** Resolves to the exit code, or null after a signal. */
export function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => child.once('exit', resolve))
}

/** Ends a process with this one, whatever signal ends that. */
export function endWithUs(child: ChildProcess): void {
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  if (process.listenerCount('SIGTERM') > 0) return
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
}

/** Ends a process and its children, none of which can be born meanwhile. */
export function killFamily(parent: number): void {
  if (!send(parent, 'SIGSTOP')) return
  for (const child of childrenOf(parent)) send(child, 'SIGKILL')
  send(parent, 'SIGKILL')
}

/** False where there is no such process. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // `pid (name) state ppid …`: the name may hold spaces and brackets.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
      } catch {
        return false
      }
    })
}
