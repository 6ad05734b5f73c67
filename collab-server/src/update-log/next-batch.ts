/**
 * When the next batch begins: at the end of this turn of the event loop, so that all that one read of the sockets brought
 * shares it; or, where it may wait, so many milliseconds after the one before.
 */
export class NextBatch {
  private readonly begin: () => void
  private readonly apartMs: number
  private begunAt = Number.NEGATIVE_INFINITY
  private immediate: NodeJS.Immediate | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(begin: () => void, apartMs: number) {
    this.begin = begin
    this.apartMs = apartMs
  }

  /** Costs nothing where one is planned that is soon enough. */
  plan(mayWait: boolean): void {
    if (this.immediate || (this.timer && mayWait)) return
    const waitMs = mayWait ? this.begunAt + this.apartMs - performance.now() : 0
    if (waitMs > 0) this.timer = setTimeout(() => this.run(), waitMs)
    else this.immediate = setImmediate(() => this.run())
  }

  /** A batch begins. */
  begun(): void {
    this.begunAt = performance.now()
  }

  private run(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.immediate = undefined
    this.begin()
  }
}
