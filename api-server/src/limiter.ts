/** Lets a few pieces of work run at a time, and a few more wait. */
export class Limiter {
  private readonly concurrency: number
  private readonly queue: number
  private readonly waiting: (() => void)[] = []
  private running = 0

  constructor({ concurrency, queue }: { concurrency: number; queue: number }) {
    this.concurrency = concurrency
    this.queue = queue
  }

  /** Runs the work in its turn; undefined, at once, where the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.running >= this.concurrency && this.waiting.length >= this.queue) return undefined
    return this.inTurn(work)
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrency) await new Promise<void>((resolve) => this.waiting.push(resolve))
    else this.running++
    try {
      return await work()
    } finally {
      // Whoever waits takes over the place, so that nobody slips in between.
      const next = this.waiting.shift()
      if (next) next()
      else this.running--
    }
  }
}
