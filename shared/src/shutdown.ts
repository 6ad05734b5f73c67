import type { Logger } from './log.ts'

type Step = { name: string; run: () => Promise<unknown> | unknown }

/** Stops a server in order, once, within a time. */
export class Shutdown {
  private readonly steps: Step[] = []
  private readonly log: Logger
  private readonly limitMs: number
  private stopping: Promise<boolean> | undefined

  constructor(log: Logger, limitMs = 10_000) {
    this.log = log
    this.limitMs = limitMs
  }

  /** Adds a step. The last one added runs first: what was started last stops first. */
  add(name: string, run: Step['run']): void {
    this.steps.unshift({ name, run })
  }

  get started(): boolean {
    return this.stopping !== undefined
  }

  /** Runs every step, also after one has failed. Resolves to true where all ended well and in time. */
  stop(): Promise<boolean> {
    this.stopping ??= this.runAll()
    return this.stopping
  }

  /**
   * Stops on SIGINT and SIGTERM; exits with 0, or 1 where a step failed or took too long. A second signal ends at once,
   * but not within a second: Ctrl-C reaches the whole process group, and a parent may pass on what we had already.
   */
  onSignals(): void {
    let first = 0
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        first ||= performance.now()
        if (this.started && performance.now() - first > 1000) process.exit(1)
        void this.stop().then((clean) => process.exit(clean ? 0 : 1))
      })
    }
  }

  private async runAll(): Promise<boolean> {
    const deadline = performance.now() + this.limitMs
    let clean = true
    for (const { name, run } of this.steps) {
      try {
        await within(Promise.resolve(run()), Math.max(500, deadline - performance.now()), name)
      } catch (err) {
        clean = false
        this.log.error({ err, step: name }, 'a step of the shutdown failed')
      }
    }
    return clean
  }
}

async function within(work: Promise<unknown>, ms: number, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not stop in time`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
