/** Failures in a minute that one network may have: people behind one address share it, and their tokens expire. */
const maxFailures = 20
const windowMs = 60_000
const firstPauseMs = 1_000
const longestPauseMs = 60_000
/** After so long without a failure a network starts anew. */
const forgottenMs = 5 * 60_000
/** Networks that are remembered at once. */
const maxNetworks = 50_000

type Record = { failures: number; since: number; lastAt: number; pauseMs: number; pausedUntil: number }

/** Makes networks that go on failing to sign in wait: 1 s, then twice as long each time, up to a minute. */
export class SignInBackoff {
  private readonly records = new Map<string, Record>()
  private readonly now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  failed(network: string): void {
    const now = this.now()
    const record = this.recent(network) ?? {
      failures: 0,
      since: now,
      lastAt: now,
      pauseMs: firstPauseMs,
      pausedUntil: 0,
    }
    if (now - record.since > windowMs && record.pausedUntil === 0) Object.assign(record, { failures: 0, since: now })
    record.failures++
    record.lastAt = now
    if (record.failures > maxFailures && now >= record.pausedUntil) {
      record.pausedUntil = now + record.pauseMs
      record.pauseMs = Math.min(longestPauseMs, record.pauseMs * 2)
    }
    // The oldest are forgotten first.
    this.records.delete(network)
    this.records.set(network, record)
    if (this.records.size > maxNetworks) this.records.delete(this.records.keys().next().value as string)
  }

  succeeded(network: string): void {
    this.records.delete(network)
  }

  /** How long the network has to wait still, in milliseconds; 0 where it need not. */
  waitMs(network: string): number {
    return Math.max(0, (this.recent(network)?.pausedUntil ?? 0) - this.now())
  }

  private recent(network: string): Record | undefined {
    const record = this.records.get(network)
    if (!record || this.now() - record.lastAt <= forgottenMs) return record
    this.records.delete(network)
    return undefined
  }
}
