/** Milliseconds between two heartbeats, after which a silent server counts as gone, and between two looks for those. */
const beatMs = 1_000
const goneMs = 3_500
const checkMs = 250
/** A look that is so late comes before what arrived meanwhile is read: the event loop stood still. */
const lateMs = 1_000

export type HeartbeatOptions = {
  /** Sends ours. */
  send: () => void
  /** Another server has not been heard of for a while. */
  onGone: (server: string) => void
  /** False while nobody could be heard: then nobody is taken for gone. */
  isConnected: () => boolean
  now?: () => number
}

/** Notices when another server dies without a word. */
export class Heartbeats {
  private readonly options: HeartbeatOptions
  private readonly heard = new Map<string, number>()
  private readonly now: () => number
  private checkedAt: number
  private timers: NodeJS.Timeout[] = []

  constructor(options: HeartbeatOptions) {
    this.options = options
    // Monotonic: a clock that is set must not make servers die.
    this.now = options.now ?? (() => performance.now())
    this.checkedAt = this.now()
  }

  start(): void {
    this.options.send()
    this.timers = [setInterval(() => this.options.send(), beatMs), setInterval(() => this.check(), checkMs)]
    for (const timer of this.timers) timer.unref()
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer)
  }

  /** Any message of a server shows that it lives. True where it was not known to. */
  heardOf(server: string): boolean {
    const isNew = !this.heard.has(server)
    this.heard.set(server, this.now())
    return isNew
  }

  /** A server says that it leaves. */
  left(server: string): void {
    if (this.heard.delete(server)) this.options.onGone(server)
  }

  /** What was missed while we were cut off, or stood still, says nothing: everybody gets the full time again. */
  reset(): void {
    for (const server of this.heard.keys()) this.heard.set(server, this.now())
  }

  private check(): void {
    const now = this.now()
    const isLate = now - this.checkedAt > checkMs + lateMs
    this.checkedAt = now
    if (isLate) this.reset()
    if (!this.options.isConnected()) return
    for (const [server, at] of this.heard) if (now - at > goneMs) this.left(server)
  }
}
