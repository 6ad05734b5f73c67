import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@mdcreator/shared/log'
import type { Steps } from '@mdcreator/shared/steps'
import type { LiveDocument, LiveDocuments } from '../document/live-document.ts'
import { inSlices } from '../document/slices.ts'
import type { Metrics } from '../metrics.ts'
import type { LogNews, LogReader, LogRow } from '../update-log/log-reader.ts'
import type { Storage } from '../update-log/storage.ts'

export type CatchUpDependencies = {
  documents: LiveDocuments
  reader: LogReader
  storage: Pick<Storage, 'load'>
  log: Logger
  metrics: Metrics
  /** True where rows mostly reach us on a faster way too. */
  isConnected: () => boolean
  /** The pause between two looks, in milliseconds. */
  everyMs: () => number
  /** The document is no longer in the database. */
  onGone: (live: LiveDocument) => void
}

/** What was read of a document's log while `epoch` was its last checkpoint. */
type Found = { live: LiveDocument; rows: LogRow[]; epoch: number | undefined }

/** Rows that have only just been committed are mostly on their way to us. */
const graceMs = 50
/** Between two looks that were asked for. */
const pauseMs = 50
/** Rows of one document that are kept while they wait; more are read again at the next look. */
const waitingRows = 1_000

/**
 * Follows the log of the open documents, so that whatever is stored is applied here: what other servers wrote, with or
 * without Redis, and what this one gave up without hearing that it was committed. One query for all documents, whose cost
 * grows with what is new.
 */
export class CatchUp {
  private readonly deps: CatchUpDependencies
  /** Rows that build on rows which are not visible yet. */
  private readonly waiting = new Map<LiveDocument, Map<number, LogRow>>()
  private next: Promise<void> | null = null
  private running: Promise<void> = Promise.resolve()
  private timer: NodeJS.Timeout | undefined
  private stopped = false

  constructor(deps: CatchUpDependencies) {
    this.deps = deps
  }

  start(): void {
    this.timer = setTimeout(async () => {
      await this.now().catch((err: unknown) => this.deps.log.warn({ err }, 'the log could not be followed'))
      if (!this.stopped) this.start()
    }, this.deps.everyMs())
    this.timer.unref()
  }

  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.running.catch(() => {})
  }

  /**
   * Resolves once everything that was committed before the call is applied. Calls at the same time share a look. Rejects
   * where the database is away.
   */
  now(): Promise<void> {
    this.next ??= this.running
      .catch(() => {})
      .then(() => delay(pauseMs))
      .then(() => {
        this.next = null
        this.running = this.run()
        return this.running
      })
    return this.next
  }

  private async run(): Promise<void> {
    const { documents, reader, isConnected } = this.deps
    const open = [...documents].filter(({ document }) => !document.isDestroyed)
    if (open.length === 0) return
    if (reader.takeBreak()) for (const live of open) live.position.forgetSnapshot()
    const news = await reader.look(open.map(({ id, position: { snapshot } }) => ({ id, snapshot })))
    const byId = new Map(news.map((item) => [item.documentId, item]))
    const isNew = (live: LiveDocument): boolean => hasNews(live, byId.get(live.id))
    if (isConnected() && open.some(isNew)) await delay(graceMs)
    const missing = open.flatMap((live) => {
      const waiting = this.waiting.get(live)
      return byId.get(live.id)?.ids.filter((id) => !live.position.has(id) && !waiting?.has(id)) ?? []
    })
    const epochs = open.map(({ position }) => position.epoch)
    const rows = Map.groupBy(missing.length > 0 ? await reader.rows(missing) : [], ({ documentId }) => documentId)
    const found = open.map((live, i) => ({ live, rows: rows.get(live.id) ?? [], epoch: epochs[i] }))
    const unfinished = await inSlices(this.applyingAll(found))
    const failed = new Map<LiveDocument, unknown>()
    for (const live of open) {
      if (live.document.isDestroyed) continue
      const item = byId.get(live.id)
      if (item) await this.bringUp(live, item).catch((err: unknown) => failed.set(live, err))
      else this.deps.onGone(live)
    }
    for (const live of open) {
      // Of what failed or is unfinished, the same rows are looked at again.
      const item = failed.has(live) || unfinished.has(live) ? undefined : byId.get(live.id)
      if (item) live.position.snapshot = item.snapshot
    }
    for (const live of this.waiting.keys()) if (live.document.isDestroyed) this.waiting.delete(live)
    for (const err of failed.values()) throw err
  }

  /** Follows the checkpoints. */
  private async bringUp(live: LiveDocument, news: LogNews): Promise<void> {
    if (news.epoch === live.position.epoch && !live.position.isBehind) return
    if (news.epoch !== live.position.epoch) {
      const checkpoint = await this.deps.reader.lastCheckpoint(live.id)
      if (checkpoint && live.checkpointed(checkpoint) && !live.position.isBehind) return
      // It may hold rows that are on their way to us.
      await delay(graceMs)
    }
    if (live.position.isBehind || news.epoch > live.position.epoch) await this.reload(live)
  }

  /** Row by row: after a long outage they are very many. Gives the documents that must be looked at again. */
  private *applyingAll(found: Found[]): Steps<Set<LiveDocument>> {
    const unfinished = new Set<LiveDocument>()
    for (const { live, rows, epoch } of found) {
      // Once there is another checkpoint, some of them may no longer be in the log.
      const mayGoOn = (): boolean => live.position.epoch === epoch && !live.document.isDestroyed
      if (!(yield* this.applying(live, rows, mayGoOn))) unfinished.add(live)
    }
    return unfinished
  }

  /** False where more wait than are kept, or it may not go on. */
  private *applying(live: LiveDocument, rows: LogRow[], mayGoOn: () => boolean): Steps<boolean> {
    if (!mayGoOn()) return false
    live.waitingUpdates.apply()
    // Those that have waited before come first: they are no news, and would not be read again.
    let left = [...(this.waiting.get(live)?.values() ?? []), ...rows]
    // As long as one is applied, another that builds on it may follow.
    for (let before = -1; left.length !== before; ) {
      before = left.length
      const gaps: LogRow[] = []
      for (const row of left) {
        if (this.applyRow(live, row) === 'gap') gaps.push(row)
        yield
        if (!mayGoOn()) return false
      }
      left = gaps
    }
    const kept = left.slice(0, waitingRows)
    if (kept.length > 0) this.waiting.set(live, new Map(kept.map((row) => [row.id, row])))
    else this.waiting.delete(live)
    return kept.length === left.length
  }

  private applyRow(live: LiveDocument, row: LogRow): 'applied' | 'gap' | 'malformed' {
    if (live.position.has(row.id)) return 'applied'
    const outcome = live.applyRow(row, 'log')
    if (outcome === 'applied') {
      this.repaired()
    } else if (outcome === 'malformed') {
      this.deps.log.error({ row: row.id, document: live.id }, 'a row of the log cannot be applied')
    }
    return outcome
  }

  /** A checkpoint holds rows that never came here. */
  private async reload(live: LiveDocument): Promise<void> {
    const { storage, log } = this.deps
    const stored = await storage.load(live.id)
    if (!stored || live.document.isDestroyed) return
    live.applyStored(stored, (err) => log.error({ err, document: live.id }, 'a row of the log cannot be applied'))
    this.repaired()
  }

  /** Something was applied that nobody told us of. */
  private repaired(): void {
    this.deps.metrics.repairs.inc()
    this.deps.metrics.updates.inc({ source: 'peer' })
  }
}

const hasNews = ({ position }: LiveDocument, news: LogNews | undefined): boolean =>
  news !== undefined && (news.epoch !== position.epoch || news.ids.some((id) => !position.has(id)))
