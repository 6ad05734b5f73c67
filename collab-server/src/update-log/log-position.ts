/** A snapshot of PostgreSQL (pg_current_snapshot, as text) in which no transaction is to be seen. */
export const seesNothing = '1:1:'

/**
 * How far one server has followed the log of one document: the rows since the last checkpoint that it has applied.
 * Rows are not visible in the order of their ids, so no single number could say it.
 */
export class LogPosition {
  /** The checkpoint that is followed: `documents.epoch`. */
  epoch: number
  /** The rows that are visible in this snapshot of PostgreSQL have all been seen. */
  snapshot: string
  private readonly applied = new Map<number, number>()
  private readonly missed = new Set<number>()
  private size = 0

  constructor(epoch: number, snapshot: string) {
    this.epoch = epoch
    this.snapshot = snapshot
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
  forgetSnapshot(): void {
    this.snapshot = seesNothing
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
  loaded(epoch: number, snapshot: string): void {
    if (epoch !== this.epoch) {
      this.applied.clear()
      this.size = 0
    }
    this.epoch = epoch
    this.snapshot = snapshot
    this.missed.clear()
  }
}
