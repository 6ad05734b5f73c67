import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { Problem, type ProblemType } from '../http/problem.ts'

export type CodePurpose = 'verification' | 'password-reset'

/** Without letters and digits that look or sound alike. */
const alphabet = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'

/**
 * What each code is good for, how long, and how often it may be guessed. Six digits prove an address that has no account
 * yet; eight of 30 characters, for somebody's account, leave no guess worth making, so that a stranger's guesses need
 * not soon make the owner's code useless.
 */
const kinds: Record<CodePurpose, { make: () => string; lifetimeMs: number; tries: number }> = {
  verification: {
    make: () => String(randomInt(1_000_000)).padStart(6, '0'),
    lifetimeMs: 15 * 60_000,
    tries: 5,
  },
  'password-reset': {
    make: () => Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join(''),
    lifetimeMs: 60 * 60_000,
    tries: 100,
  },
}

export type NewCode = { code: string; hash: Buffer; triesLeft: number; expiresAt: Date }

/** Makes and checks the codes that are mailed. Only an HMAC is kept: a million codes are soon hashed. */
export class EmailCodes {
  private readonly secret: () => Promise<Buffer>

  /** `secret` must give the same bytes on every instance. */
  constructor(secret: () => Promise<Buffer>) {
    this.secret = secret
  }

  async make(purpose: CodePurpose, email: string): Promise<NewCode> {
    const { make, lifetimeMs, tries } = kinds[purpose]
    const code = make()
    const hash = await this.hash(purpose, email, code)
    return { code, hash, triesLeft: tries, expiresAt: new Date(Date.now() + lifetimeMs) }
  }

  async hash(purpose: CodePurpose, email: string, code: string): Promise<Buffer> {
    const hmac = createHmac('sha256', await this.secret())
    return hmac.update(JSON.stringify([purpose, email, code])).digest()
  }
}

/** Stored in place of a code's hash where nobody is to have a code: no code has it. */
export const hashOfNoCode = (): Buffer => randomBytes(32)

export const isSameHash = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)

export const badCode: ProblemType = { slug: 'bad-code', status: 422, title: 'The code was refused' }

/** The same for a wrong code, one that is over, and an address without any. */
export const refusedCode = (): Problem => new Problem(badCode, 'The code is wrong, or no longer good: ask for another')
