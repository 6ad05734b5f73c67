import { Problem, problemTypes } from '../http/problem.ts'
import type { Allowance, RateLimit, RateLimits } from '../http/rate-limit.ts'

const minute = 60
const hour = 3600

/** Why these and no others: docs/adr/0013. A network is an IPv4 address or the /64 of an IPv6 address. */
const bounds = {
  /** Wrong passwords of one account from one network. */
  pair: { points: 10, seconds: 15 * minute },
  /** Wrong passwords of one account from all networks that it was never opened from. */
  account: { points: 30, seconds: 15 * minute },
  /** Wrong passwords of all accounts from one network. */
  network: { points: 60, seconds: 15 * minute },
  /** Wrong codes from one network. */
  codes: { points: 30, seconds: 15 * minute },
  /** Mails to one address. */
  mailsToAddress: { points: 5, seconds: hour },
  /** Mails that one network asks for. */
  mailsFromNetwork: { points: 30, seconds: hour },
}

/**
 * Slows down who guesses. Every try is counted before it is made and given back when it was right, so that many at once
 * are not let through; and it is counted by what was sent, whether there is such an account or not.
 */
export class Throttle {
  private readonly limits: Record<keyof typeof bounds, RateLimit>

  constructor(limits: RateLimits) {
    const entries = Object.entries(bounds).map(([name, bound]) => [
      name,
      limits.create({ name: `auth:${name}:`, ...bound }),
    ])
    this.limits = Object.fromEntries(entries) as Record<keyof typeof bounds, RateLimit>
  }

  /** Before a password is looked at. @throws Problem 429 */
  async signingIn(email: string, network: string): Promise<void> {
    const { pair, network: all } = this.limits
    refuse(await Promise.all([pair.take(key(email, network)), all.take(network)]))
  }

  /** Also, from a network that the account was never opened from. @throws Problem 429 */
  async signingInAsStranger(email: string): Promise<void> {
    refuse([await this.limits.account.take(key(email))])
  }

  /** The password was right. */
  async signedIn(email: string, network: string, wasStranger: boolean): Promise<void> {
    const { pair, network: all, account } = this.limits
    await Promise.all([
      pair.forget(key(email, network)),
      all.giveBack(network),
      ...(wasStranger ? [account.giveBack(key(email))] : []),
    ])
  }

  /** Before a mailed code is looked at. @throws Problem 429 */
  async showingCode(network: string): Promise<void> {
    refuse([await this.limits.codes.take(network)])
  }

  /** The code was right: whoever reads the mail of an account need not wait for strangers. */
  async showedCode(email: string, network: string): Promise<void> {
    await Promise.all([this.limits.codes.giveBack(network), this.limits.account.forget(key(email))])
  }

  /** Before a mail is asked for. False where the address has had enough for now. @throws Problem 429 for the network */
  async mailing(email: string, network: string): Promise<Allowance> {
    refuse([await this.limits.mailsFromNetwork.take(network)])
    return this.limits.mailsToAddress.take(key(email))
  }
}

/** @throws Problem 429 where a limit is exceeded, with the longest wait */
export function refuse(allowances: Allowance[]): void {
  const exceeded = allowances.filter(({ isAllowed }) => !isAllowed)
  if (exceeded.length === 0) return
  throw new Problem(problemTypes.tooManyRequests, 'Too many tries: wait as long as Retry-After says', {
    headers: { 'Retry-After': String(Math.max(...exceeded.map(({ waitSeconds }) => waitSeconds))) },
  })
}

const key = (...parts: string[]): string => JSON.stringify(parts)
