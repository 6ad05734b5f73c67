import { sessionIdOf } from '@mdcreator/shared/foreign-tokens'
import { requestContext } from '@mdcreator/shared/log'
import { type ForeignClaims, type TokenClaims, TokenError } from '@mdcreator/shared/tokens'
import { sql } from 'kysely'
import type { Database } from './database.ts'

const maxRemembered = 10_000

/**
 * Finds our user and our session for whom another issuer's token is for. What was found is remembered until there is a
 * token that lives longer: whether the user and the session still stand is asked with every request anyway.
 */
export class Admission {
  private readonly db: Database
  private readonly provision: ((foreign: ForeignClaims) => Promise<void>) | undefined
  /** By session, the one used longest ago first. */
  private readonly remembered = new Map<string, { userId: string; exp: number }>()

  constructor(db: Database, provision: ((foreign: ForeignClaims) => Promise<void>) | undefined) {
    this.db = db
    this.provision = provision
  }

  /** @throws TokenError where the person has no account here, or has one no more */
  async admit(foreign: ForeignClaims): Promise<TokenClaims> {
    const sessionId = sessionIdOf(foreign)
    const known = this.remembered.get(sessionId)
    const userId = known && known.exp >= foreign.exp ? known.userId : await this.enter(foreign, sessionId)
    this.remember(sessionId, { userId, exp: Math.max(foreign.exp, known?.exp ?? 0) })
    return { token_use: 'access', sub: userId, sid: sessionId, exp: foreign.exp }
  }

  private async enter(foreign: ForeignClaims, sessionId: string): Promise<string> {
    const found = await this.find(foreign, sessionId)
    if (found) return found
    await this.provision?.(foreign)
    const made = this.provision && (await this.find(foreign, sessionId))
    if (!made) throw new TokenError(false)
    return made
  }

  private async find({ issuer, subject, exp }: ForeignClaims, sessionId: string): Promise<string | null> {
    const agent = requestContext.getStore()?.client?.userAgent ?? null
    const result = await sql<{ user_id: string | null }>`
      select app_admit(${issuer}, ${subject}, ${sessionId}::uuid, to_timestamp(${exp}), ${agent}) as user_id`.execute(
      this.db,
    )
    return result.rows[0]?.user_id ?? null
  }

  private remember(sessionId: string, entry: { userId: string; exp: number }): void {
    this.remembered.delete(sessionId)
    this.remembered.set(sessionId, entry)
    for (const oldest of this.remembered.keys()) {
      if (this.remembered.size <= maxRemembered) break
      this.remembered.delete(oldest)
    }
  }
}
