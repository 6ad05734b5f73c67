/**
 * A rate limit that costs a few nanoseconds: `burst` tokens at once, `perSecond` in the long run. (The limiter for HTTP
 * keeps a timer and a promise per key, which is too much for every frame.)
 */
export class TokenBucket {
  private readonly perSecond: number
  private readonly burst: number
  private tokens: number
  private at = performance.now()

  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond
    this.burst = burst
    this.tokens = burst
  }

  /** Takes `cost` tokens (at most half the burst: what costs more than that is taken for half). False where there are too few. */
  take(cost = 1): boolean {
    const now = performance.now()
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond)
    this.at = now
    const price = Math.min(cost, this.burst / 2)
    if (this.tokens < price) return false
    this.tokens -= price
    return true
  }
}
