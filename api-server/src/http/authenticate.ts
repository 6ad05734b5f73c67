import { isId } from '@mdcreator/shared/ids'
import type { TokenVerifier } from '@mdcreator/shared/tokens'
import type { Request } from 'express'
import { unauthenticated } from './problem.ts'

/** Who calls, as far as the token can tell; that user and session still stand is for the database to say. */
export type Caller = { userId: string; sessionId: string }

/** RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1). */
const bearer = /^bearer +([\w.~+/-]+=*) *$/i

/**
 * Reads the caller from the Authorization header, and from nowhere else: tokens in URLs end in logs, and cookies are
 * sent by pages that are not ours.
 * @throws Problem 401; TokenError where the token is not good
 */
export async function authenticate(req: Request, verifier: TokenVerifier): Promise<Caller> {
  const header = req.get('Authorization')
  if (header === undefined) throw unauthenticated('absent')
  const token = bearer.exec(header)?.[1]
  if (!token) throw unauthenticated('invalid')
  const { sub, sid } = await verifier.verify(token)
  if (!isId(sub) || sid === undefined || !isId(sid)) throw unauthenticated('invalid')
  return { userId: sub, sessionId: sid }
}
