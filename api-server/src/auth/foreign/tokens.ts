import type { Database } from '@mdcreator/db/database'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import { sessionIdOf, toForeign } from '@mdcreator/shared/foreign-tokens'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { unavailable } from '../../http/problem.ts'
import type { Tokens } from '../auth.schema.ts'
import { refusedRefresh } from '../refresh.ts'
import { isEnded } from './provision.queries.ts'

export type ForeignDeps = {
  db: Database
  log: Logger
  /** Tells the collaboration servers that somebody's rights have changed. */
  announce: (event: EventPayload<'access.changed'>) => Promise<void>
}

/** A token response (RFC 6749, section 5.1). */
export const TokenResponse = z.object({
  access_token: z.string(),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
  expires_in: z.number().int().default(3600),
})

/**
 * The issuer's tokens as our clients get them. Those of a session that was ended here would open nothing.
 * @throws Problem 401 for them; 503 where the issuer gives nothing to refresh them with
 */
export async function passOn(db: Database, answer: z.output<typeof TokenResponse>): Promise<Tokens> {
  const sessionId = sessionOf(answer.access_token)
  if (sessionId && (await isEnded(db, sessionId))) throw refusedRefresh()
  const { refresh_token } = answer
  if (refresh_token === undefined) throw unavailable('The issuer gives no refresh token: it must allow offline access')
  return { ...answer, refresh_token, token_type: 'Bearer' }
}

/** Our id of its session, as far as the token tells; it came from the issuer, so nothing is verified here. */
function sessionOf(token: string): string | undefined {
  try {
    const [header, payload] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
    return sessionIdOf(toForeign({ token, header, payload }))
  } catch {
    return undefined
  }
}
