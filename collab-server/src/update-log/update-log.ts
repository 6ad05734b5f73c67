import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@mdcreator/shared/log'
import type { Metrics } from '../metrics.ts'
import { NextBatch } from './next-batch.ts'
import type { LogEntry } from './storage.ts'

/** An update that could not be made durable; the sender must not be told that it was. */
export class AppendError extends Error {}

export type UpdateLogOptions = {
  /** Commits a batch; returns the rows' ids in the batch's order. */
  commit: (entries: LogEntry[]) => Promise<number[]>
  log: Logger
  metrics: Pick<Metrics, 'appendSeconds' | 'batchRows'>
  /** How long a batch is tried again while the database is away, in milliseconds. */
  giveUpAfterMs?: number
  /** True where an edit may wait for others, up to `apartMs` after the batch before. */
  mayWait?: (entry: LogEntry) => boolean
  apartMs?: number
}

type Pending = { entry: LogEntry; at: number; resolve: (id: number) => void; reject: (error: Error) => void }

/** Two batches in flight keep the database busy while the next one fills; more only make the batches smaller. */
const maxInFlight = 2
const maxBatchRows = 2_000
const maxBatchBytes = 8 * 1024 * 1024

/** A commit is a message to each server that holds its documents, and writes to all their people. */
const defaultApartMs = 8

/**
 * Group commit in front of the update log: what arrives while two batches are on their way goes with the next one. A lone
 * update is committed at once.
 */
export class UpdateLog {
  private readonly options: UpdateLogOptions
  private readonly giveUpAfterMs: number
  private readonly next: NextBatch
  private pending: Pending[] = []
  private inFlight = 0
  /** Something among the pending may not wait. */
  private isUrgent = false
  private idle: (() => void)[] = []
  private unsettled = 0
  private isAbandoned = false

  constructor(options: UpdateLogOptions) {
    this.options = options
    this.giveUpAfterMs = options.giveUpAfterMs ?? 15_000
    this.next = new NextBatch(() => this.begin(), options.apartMs ?? defaultApartMs)
  }

  /** Resolves to the row's id once the update is committed. @throws AppendError */
  append(entry: LogEntry): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.isAbandoned) return reject(new AppendError('The server is stopping'))
      this.unsettled++
      this.pending.push({ entry, at: performance.now(), resolve, reject })
      this.isUrgent ||= !this.options.mayWait?.(entry)
      this.next.plan(!this.isUrgent)
    })
  }

  /** Edits that are neither committed nor given up. */
  get unstored(): number {
    return this.unsettled
  }

  /** Resolves once everything appended so far is committed or given up. */
  async drained(): Promise<void> {
    if (this.pending.length === 0 && this.inFlight === 0) return
    await new Promise<void>((resolve) => this.idle.push(resolve))
  }

  /** Gives up what is not stored yet, for a server that must end; returns how many edits that are. */
  abandon(): number {
    this.isAbandoned = true
    return this.unsettled
  }

  private begin(): void {
    while (this.pending.length > 0 && this.inFlight < maxInFlight) void this.send(this.takeBatch())
    if (this.pending.length === 0) this.isUrgent = false
  }

  private takeBatch(): Pending[] {
    let bytes = 0
    let rows = 0
    for (const { entry } of this.pending) {
      bytes += entry.data.byteLength
      if (rows > 0 && (rows === maxBatchRows || bytes > maxBatchBytes)) break
      rows++
    }
    return this.pending.splice(0, rows)
  }

  private async send(batch: Pending[]): Promise<void> {
    this.inFlight++
    this.next.begun()
    try {
      await this.commit(batch)
    } finally {
      this.inFlight--
      if (this.pending.length > 0) this.next.plan(!this.isUrgent)
      else if (this.inFlight === 0) for (const resolve of this.idle.splice(0)) resolve()
    }
  }

  /** Tries until the batch is committed. After an unclear failure it may be stored twice, which Yjs does not mind. */
  private async commit(batch: Pending[], deadline = performance.now() + this.giveUpAfterMs): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const ids = await this.options.commit(batch.map(({ entry }) => entry))
        this.options.metrics.batchRows.observe(batch.length)
        const now = performance.now()
        batch.forEach((pending, i) => {
          this.options.metrics.appendSeconds.observe((now - pending.at) / 1000)
          pending.resolve(ids[i] as number)
        })
        this.unsettled -= batch.length
        return
      } catch (err) {
        if (isPermanent(err)) return this.isolate(batch, err as Error, deadline)
        if (performance.now() >= deadline || this.isAbandoned) return this.reject(batch, err as Error)
        if (attempt === 0)
          this.options.log.warn({ err, rows: batch.length }, 'the update log cannot be written; trying again')
        await delay(Math.min(1_000, 20 * 2 ** attempt))
      }
    }
  }

  /** One entry that the database refuses must not take the others with it: it is looked for by halves. */
  private async isolate(batch: Pending[], err: Error, deadline: number): Promise<void> {
    if (batch.length === 1) {
      this.options.log.error({ err, document: batch[0]?.entry.documentId }, 'the update log refused an update')
      return this.reject(batch, err)
    }
    const half = batch.length >> 1
    for (const part of [batch.slice(0, half), batch.slice(half)]) {
      // The database may be away by now: each part by itself would wait for it as long as the whole.
      if (performance.now() >= deadline) this.reject(part, err)
      else await this.commit(part, deadline)
    }
  }

  private reject(batch: Pending[], cause: Error): void {
    this.unsettled -= batch.length
    for (const pending of batch) pending.reject(new AppendError('The update could not be stored', { cause }))
  }
}

/** Data exceptions (class 22) and broken constraints (23), or a value the driver cannot send: trying again cannot help. */
function isPermanent(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return error instanceof TypeError || (typeof code === 'string' && /^(22|23)/.test(code))
}
