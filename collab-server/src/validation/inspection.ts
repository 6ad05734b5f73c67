import { TaskWorker } from '@mdcreator/shared/task-worker'
import * as Y from 'yjs'
import type { AcceptedEdits } from './accepted.ts'
import type { Inspection } from './inspected.ts'
import type { inspectionTasks } from './inspection-tasks.ts'

type Job = {
  update: Uint8Array
  doc: Y.Doc
  accepted: AcceptedEdits
  resolve: (inspection: Inspection) => void
  reject: (error: Error) => void
}
type Turn = { jobs: Job[]; notBefore: number }

export type InspectorOptions = {
  /** What an inspection may take of the processor, in milliseconds, besides `limitMsPerMegabyte` for the document's copy. */
  limitMs?: number
  limitMsPerMegabyte?: number
  /** Megabytes that it may need. */
  memory?: number
  /** How many times as long as the last one took a user waits for the next. */
  patience?: number
}

/**
 * Tries updates that may cost too much on a copy of their document, in a process of its own: one after the other, by turns
 * of their users, and each user has to wait for ten times as long as the last one took. So the main thread, which must
 * copy the document and later apply the update, never spends more than a small part of its time on one user.
 */
export class Inspector {
  private readonly worker: TaskWorker<typeof inspectionTasks>
  private readonly options: Required<InspectorOptions>
  private readonly turns = new Map<string, Turn>()
  private isBusy = false
  private isClosed = false
  private timer: NodeJS.Timeout | undefined

  constructor({ limitMs = 10_000, limitMsPerMegabyte = 5_000, memory = 1_024, patience = 10 }: InspectorOptions = {}) {
    this.options = { limitMs, limitMsPerMegabyte, memory, patience }
    this.worker = new TaskWorker(new URL('./inspection-tasks.ts', import.meta.url), {
      processMemory: memory,
    })
  }

  /**
   * Call it when what was accepted is applied. The result goes to `validateUpdate`, which may still find that too much has
   * changed since, and ask for another. Rejects when the inspector is closed.
   */
  inspect(update: Uint8Array, doc: Y.Doc, accepted: AcceptedEdits, userId: string): Promise<Inspection> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) throw closed()
      const turn = this.turns.get(userId) ?? { jobs: [], notBefore: 0 }
      turn.jobs.push({ update, doc, accepted, resolve, reject })
      this.turns.set(userId, turn)
      this.next()
    })
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    for (const { jobs } of this.turns.values()) {
      for (const { reject } of jobs) reject(closed())
    }
    this.turns.clear()
    await this.worker.close()
  }

  private next(): void {
    if (this.isBusy) return
    clearTimeout(this.timer)
    const now = performance.now()
    let wait = Number.POSITIVE_INFINITY
    for (const [userId, turn] of this.turns) {
      const job = turn.jobs[0]
      if (job && turn.notBefore <= now) return void this.run(userId, turn, job)
      if (job) wait = Math.min(wait, turn.notBefore - now)
      else if (turn.notBefore <= now) this.turns.delete(userId)
    }
    if (wait < Number.POSITIVE_INFINITY) this.timer = setTimeout(() => this.next(), wait).unref()
  }

  private async run(userId: string, turn: Turn, job: Job): Promise<void> {
    this.isBusy = true
    turn.jobs.shift()
    const inspection = await this.look(job)
    turn.notBefore = performance.now() + this.options.patience * inspection.millis
    this.isBusy = false
    if (this.isClosed) return job.reject(closed())
    // The next turn is somebody else's.
    this.turns.delete(userId)
    this.turns.set(userId, turn)
    job.resolve(inspection)
    this.next()
  }

  /** `millis` counts what the main thread has to do, and what was spent in vain. */
  private async look({ update, doc, accepted }: Job): Promise<Inspection> {
    const { limitMs, limitMsPerMegabyte } = this.options
    const start = performance.now()
    const pieces = accepted.pieces - accepted.inFlight(doc)
    const state = Y.encodeStateAsUpdate(doc)
    const copying = performance.now() - start
    const limit = limitMs + limitMsPerMegabyte * (state.byteLength / 2 ** 20)
    try {
      const { verdict, millis } = await this.worker.run('inspect', { state, update }, { limitMs: limit })
      return { verdict, millis: millis + copying, pieces }
    } catch {
      // It took too long, or too much memory.
      return { verdict: 'too-large', millis: performance.now() - start, pieces }
    }
  }
}

const closed = (): Error => new Error('The inspector was closed')
