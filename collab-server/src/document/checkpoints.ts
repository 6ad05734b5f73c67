import type { Logger } from '@mdcreator/shared/log'
import type { Metrics } from '../metrics.ts'
import type { Checkpoint, Fold, Storage } from '../update-log/storage.ts'
import type { LiveDocument } from './live-document.ts'

const minTailBytes = 256 * 1024
const maxTailRows = 4_000
const sweepEveryMs = 30_000
const idleSeconds = 60
const sweepLimit = 100

/** True where loading the document would begin to be dear: a checkpoint's cost grows with the state, so its pause does too. */
function isDue({ position, stateBytes }: Pick<LiveDocument, 'position' | 'stateBytes'>): boolean {
  return position.rows > maxTailRows || position.bytes > Math.max(minTailBytes, stateBytes / 4)
}

/** Folds the update log into `documents.yjs_state`, one document after the other. */
export class Checkpoints {
  private readonly storage: Storage
  private readonly fold: Fold
  private readonly documents: Iterable<LiveDocument>
  private readonly log: Logger
  private readonly metrics: Metrics
  /** By the document's id: the number of the checkpoint after which another was due, or null where one is to be made anyway. */
  private readonly queued = new Map<string, number | null>()
  /** Those that failed since the last sweep: each keystroke would read the whole document again, in vain. */
  private readonly failed = new Set<string>()
  private working: Promise<void> | null = null
  private sweeper: NodeJS.Timeout | undefined
  private stopped = false

  constructor(storage: Storage, fold: Fold, documents: Iterable<LiveDocument>, log: Logger, metrics: Metrics) {
    this.storage = storage
    this.documents = documents
    this.fold = fold
    this.log = log
    this.metrics = metrics
  }

  /** Sweeps now and every half minute for tails that a crash or a lost unload left. */
  start(): void {
    const sweep = async (): Promise<void> => {
      this.failed.clear()
      try {
        for (const id of await this.storage.idleTails(idleSeconds, sweepLimit)) this.request(id)
      } catch (err) {
        this.log.warn({ err }, 'idle documents could not be looked up')
      }
    }
    void sweep()
    this.sweeper = setInterval(() => void sweep(), sweepEveryMs)
    this.sweeper.unref()
  }

  /** Asks for a checkpoint where it is due, and no other server has made it meanwhile. To be called at each change. */
  edited(live: LiveDocument): void {
    if (isDue(live) && !this.failed.has(live.id)) this.enqueue(live.id, live.position.epoch)
  }

  /** Asks for a checkpoint soon; the document is told about it, if it is loaded then. */
  request(documentId: string): void {
    this.enqueue(documentId, null)
  }

  private enqueue(documentId: string, epoch: number | null): void {
    if (this.stopped) return
    if (this.queued.get(documentId) !== null) this.queued.set(documentId, epoch)
    this.working ??= this.work().finally(() => {
      this.working = null
    })
  }

  /** Stops looking for work and waits for the checkpoint that is under way. */
  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.sweeper)
    this.queued.clear()
    await this.working
  }

  private async work(): Promise<void> {
    for (const [id, epoch] of this.queued) {
      this.queued.delete(id)
      try {
        const checkpoint = await this.storage.checkpoint(id, this.fold, epoch)
        if (checkpoint) await this.tell(id, checkpoint)
        this.metrics.checkpoints.inc({ outcome: checkpoint ? 'written' : 'empty' })
      } catch (err) {
        this.failed.add(id)
        this.metrics.checkpoints.inc({ outcome: 'failed' })
        this.log.error({ err, document: id }, 'a checkpoint failed; the log keeps its rows')
      }
    }
  }

  private async tell(id: string, checkpoint: Checkpoint): Promise<void> {
    for (const live of this.documents) {
      if (live.id !== id || live.document.isDestroyed) continue
      if (live.checkpointed(checkpoint) && !live.position.isBehind) continue
      // It holds what is not here: another checkpoint, or an edit of which it was not clear whether it was stored.
      const stored = await this.storage.load(id)
      if (!stored || live.document.isDestroyed) continue
      live.applyStored(stored, (err) => this.log.error({ err, document: id }, 'a row of the log cannot be applied'))
    }
  }
}
