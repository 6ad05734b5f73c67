import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Pool } from '@mdcreator/db/database'

/** Seconds of CPU a second, over all cores. */
export type MachineUsage = { cores: number; busy: number; database: number }

/** Clock ticks a second: what /proc counts in, on every Linux that Node runs on (USER_HZ, proc_pid_stat(5)). */
const ticksPerSecond = 100

/** Watches the whole machine and the database's processes, to tell a run that had it to itself from one that had not. */
export class MachineProbe {
  private readonly postmaster: number
  private readonly since = performance.now()
  private readonly before: { busy: number; database: number }

  private constructor(postmaster: number) {
    this.postmaster = postmaster
    this.before = this.read()
  }

  static async start(pool: Pool): Promise<MachineProbe> {
    const { rows } = await pool.query('select pg_backend_pid() as pid')
    return new MachineProbe(statOf(rows[0].pid)?.parent ?? 0)
  }

  /** Null where there is no /proc. */
  stop(): MachineUsage | null {
    if (process.platform !== 'linux') return null
    const after = this.read()
    const seconds = (performance.now() - this.since) / 1000
    return {
      cores: availableParallelism(),
      busy: (after.busy - this.before.busy) / seconds,
      database: (after.database - this.before.database) / seconds,
    }
  }

  private read(): { busy: number; database: number } {
    if (process.platform !== 'linux') return { busy: 0, database: 0 }
    const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = numbersOf(readFileSync('/proc/stat', 'utf8'))
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const processes = pids.map((pid) => statOf(Number(pid)))
    // Those that have ended meanwhile are with the postmaster.
    const ended = statOf(this.postmaster)?.endedChildrenTicks ?? 0
    const database = processes.reduce((sum, stat) => sum + (stat?.parent === this.postmaster ? stat.ticks : 0), ended)
    return { busy: (user + nice + system + irq + softIrq) / ticksPerSecond, database: database / ticksPerSecond }
  }
}

const numbersOf = (line: string): number[] => (line.split('\n', 1)[0] as string).split(/\s+/).slice(1).map(Number)

function statOf(pid: number): { parent: number; ticks: number; endedChildrenTicks: number } | null {
  try {
    // `pid (name) state ppid …`: the name may hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = (first: number): number => Number(fields[first]) + Number(fields[first + 1])
    return { parent: Number(fields[1]), ticks: ticks(11), endedChildrenTicks: ticks(13) }
  } catch {
    return null
  }
}
