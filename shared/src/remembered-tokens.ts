import { hash } from 'node:crypto'

/** More than there are tokens in use on a busy server; the one that was not used for longest goes first. */
const maxTokens = 5_000
/** A key that its issuer has withdrawn is forgotten with the tokens that it signed. */
const maxAgeMs = 5 * 60_000

/**
 * What verified tokens say, until they expire: checking a signature costs more than all else that a request needs. Whether
 * its session still stands must be asked elsewhere.
 */
export class RememberedTokens<T> {
  private readonly byHash = new Map<string, { claims: T; exp: number; at: number }>()

  get(token: string): T | undefined {
    const key = hash('sha256', token, 'base64url')
    const found = this.byHash.get(key)
    if (!found) return undefined
    // Written again, it is the youngest of the map's entries.
    this.byHash.delete(key)
    if (found.exp * 1000 <= Date.now() || performance.now() - found.at >= maxAgeMs) return undefined
    this.byHash.set(key, found)
    return found.claims
  }

  /** `exp` is in seconds since the epoch. */
  set(token: string, claims: T, exp: number): void {
    this.byHash.set(hash('sha256', token, 'base64url'), { claims, exp, at: performance.now() })
    if (this.byHash.size <= maxTokens) return
    const [oldest] = this.byHash.keys()
    if (oldest !== undefined) this.byHash.delete(oldest)
  }
}
