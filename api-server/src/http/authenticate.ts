import type { Scope } from '@mdcreator/shared/scopes'
import type { TokenVerifier } from '@mdcreator/shared/tokens'
import type { Request } from 'express'
import { unauthenticated } from './problem.ts'

/** Somebody who has signed in, as far as the token can tell; that user and session still stand is for the database to say. */
export type SessionCaller = { kind: 'session'; userId: string; sessionId: string }

/** A program with a personal access token. `isNoted`: that it is in use was written down less than a minute ago. */
export type TokenCaller = {
  kind: 'token'
  userId: string
  tokenId: string
  scopes: readonly Scope[]
  isNoted: boolean
}

/** Who calls. */
export type Caller = SessionCaller | TokenCaller

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
  const claims = await verifier.verify(token)
  if (claims.token_use === 'personal') {
    const { sub: userId, tid: tokenId, scopes, isNoted } = claims
    return { kind: 'token', userId, tokenId, scopes, isNoted }
  }
  if (claims.sid === undefined) throw unauthenticated('invalid')
  return { kind: 'session', userId: claims.sub, sessionId: claims.sid }
}
