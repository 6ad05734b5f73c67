import type { CollabLimits } from '@mdcreator/shared/config'
import type { RefusedReason } from '../metrics.ts'
import { type CloseCode, closeCodes } from '../wire/close-codes.ts'
import { SignInBackoff } from './sign-in-backoff.ts'

type Limits = Pick<CollabLimits, 'sockets' | 'socketsPerAddress' | 'unauthenticatedSockets'>

/**
 * `admitted`: take it. `closed`: complete the handshake, so that a browser learns why, and close at once. `answered`:
 * answer the request, which costs us least.
 */
export type Verdict =
  | { kind: 'admitted'; place: Place }
  | { kind: 'closed'; reason: RefusedReason; code: CloseCode; leave: () => void }
  | { kind: 'answered'; reason: RefusedReason; status: number; retryAfterMs: number }

/** An admitted socket's place; `leave` is called once, when the socket is closed. */
export type Place = { signedIn(): void; signInFailed(): void; leave(): void }

const busyMs = 2_000

/** Decides which sockets a server takes: so many in all, that have not signed in, and from one network. */
export class Admission {
  private readonly limits: Limits
  private readonly backoff: SignInBackoff
  private readonly perNetwork = new Map<string, number>()
  private sockets = 0
  private unauthenticated = 0
  private closing = 0

  constructor(limits: Limits, now?: () => number) {
    this.limits = limits
    this.backoff = new SignInBackoff(now)
  }

  admit(network: string): Verdict {
    const retryAfterMs = this.backoff.waitMs(network)
    if (retryAfterMs > 0) return { kind: 'answered', reason: 'address-failures', status: 429, retryAfterMs }
    if (this.countOf(network) >= this.limits.socketsPerAddress) {
      return this.turnAway('address-connections', closeCodes.tooMany)
    }
    if (this.sockets >= this.limits.sockets) return this.turnAway('sockets', closeCodes.tooMany)
    // That passes within seconds. The code is not 4408, after which y-websocket's provider never comes back.
    if (this.unauthenticated >= this.limits.unauthenticatedSockets) {
      return this.turnAway('unauthenticated-sockets', closeCodes.tryAgainLater)
    }
    return { kind: 'admitted', place: this.enter(network) }
  }

  private enter(network: string): Place {
    this.sockets++
    this.unauthenticated++
    this.perNetwork.set(network, this.countOf(network) + 1)
    let isUnauthenticated = true
    const authenticated = (): void => {
      if (isUnauthenticated) this.unauthenticated--
      isUnauthenticated = false
    }
    return {
      signedIn: () => {
        authenticated()
        this.backoff.succeeded(network)
      },
      signInFailed: () => this.backoff.failed(network),
      leave: () => {
        authenticated()
        this.sockets--
        const left = this.countOf(network) - 1
        if (left > 0) this.perNetwork.set(network, left)
        else this.perNetwork.delete(network)
      },
    }
  }

  /** Few are closed with a reason at a time: a flood of sockets must not get that much of us. */
  private turnAway(reason: RefusedReason, code: CloseCode): Verdict {
    if (this.closing >= Math.max(10, this.limits.sockets / 20)) {
      return { kind: 'answered', reason, status: 503, retryAfterMs: busyMs }
    }
    this.closing++
    return { kind: 'closed', reason, code, leave: () => void this.closing-- }
  }

  private countOf(network: string): number {
    return this.perNetwork.get(network) ?? 0
  }
}
