/** Milliseconds between two heartbeats, and after which a silent server counts as gone. */
const beatMs = 1_000
const goneMs = 3_500

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
  private timer: NodeJS.Timeout | undefined

  constructor(options: HeartbeatOptions) {
    this.options = options
    // Monotonic: a clock that is set must not make servers die.
    this.now = options.now ?? (() => performance.now())
  }

  start(): void {
    this.options.send()
    this.timer = setInterval(() => {
      this.options.send()
      this.check()
    }, beatMs)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
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

  /** What was missed while we were cut off says nothing: everybody gets the full time again. */
  reset(): void {
    for (const server of this.heard.keys()) this.heard.set(server, this.now())
  }

  check(): void {
    if (!this.options.isConnected()) return
    for (const [server, at] of this.heard) if (this.now() - at > goneMs) this.left(server)
  }
}
