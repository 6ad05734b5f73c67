/**
 * How far one server has followed the log of one document: the rows since the last checkpoint that it has applied.
 * Rows are not visible in the order of their ids, so no single number could say it.
 */
export class LogPosition {
  /** The checkpoint that is followed: `documents.epoch`. */
  epoch: number
  /** Rows of transactions before this one (pg_snapshot_xmin, as text) have all been seen. */
  horizon: string
  private readonly applied = new Map<number, number>()
  private readonly missed = new Set<number>()
  private size = 0

  constructor(epoch: number, horizon: string) {
    this.epoch = epoch
    this.horizon = horizon
  }

  /** The rows since the checkpoint, and their bytes. */
  get rows(): number {
    return this.applied.size
  }

  get bytes(): number {
    return this.size
  }

  has(id: number): boolean {
    return this.applied.has(id)
  }

  /** Nothing is known of transactions any more: all rows that are in the log must be looked at again. */
  forgetHorizon(): void {
    this.horizon = '0'
  }

  /** Notes a row that is applied. */
  add(id: number, bytes: number): void {
    if (this.missed.delete(id) || this.applied.has(id)) return
    this.applied.set(id, bytes)
    this.size += bytes
  }

  /**
   * Notes that a checkpoint folded these rows. False where it does not follow on the last one known: then only loading
   * it can tell what it holds.
   */
  checkpointed(epoch: number, ids: number[]): boolean {
    if (epoch === this.epoch) return true
    if (epoch !== this.epoch + 1) return false
    this.epoch = epoch
    for (const id of ids) {
      const bytes = this.applied.get(id)
      if (bytes === undefined) this.missed.add(id)
      else this.size -= bytes
      this.applied.delete(id)
    }
    return true
  }

  /** True where a checkpoint holds rows that were never applied here. */
  get isBehind(): boolean {
    return this.missed.size > 0
  }

  /** After the checkpoint itself was loaded and applied. */
  loaded(epoch: number, horizon: string): void {
    if (epoch !== this.epoch) {
      this.applied.clear()
      this.size = 0
    }
    this.epoch = epoch
    this.horizon = horizon
    this.missed.clear()
  }
}
