import { announce } from '../announce.ts'
import { Problem, type ProblemType } from '../http/problem.ts'
import { rotateRefreshToken } from './auth.queries.ts'
import type { Tokens } from './auth.schema.ts'
import { type AuthDeps, issueTokens } from './deps.ts'
import { newRefreshToken, readRefreshToken } from './sessions.ts'
import { challenge } from './sign-in.ts'

export const badRefreshToken: ProblemType = { slug: 'bad-refresh-token', status: 401, title: 'The session has ended' }

export const refusedRefresh = (): Problem =>
  new Problem(badRefreshToken, 'The refresh token is not valid: sign in again', { headers: challenge })

/**
 * Exchanges a refresh token for a new pair. `clientId`: the token must be that client's.
 * @throws Problem 401, after ending the session where the token was used before
 */
export async function refreshSession(
  deps: AuthDeps,
  { token, clientId }: { token: string; clientId?: string },
): Promise<Tokens> {
  const refused = refusedRefresh()
  const given = readRefreshToken(token)
  if (!given) throw refused
  const next = newRefreshToken(given.sessionId)
  const session = await rotateRefreshToken(deps.db, clientId === undefined ? given : { ...given, clientId }, next)
  if (session?.revoked_at) await announceReplay(deps, { userId: session.user_id, sessionId: given.sessionId })
  if (!session || session.revoked_at) throw refused
  return issueTokens(deps, { userId: session.user_id, sessionId: given.sessionId, refreshToken: next.token })
}

/** A session has ended because somebody showed what was used before: one of two who have it is a thief. */
export async function announceReplay(
  { bus, log }: Pick<AuthDeps, 'bus' | 'log'>,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<void> {
  log.warn({ session: sessionId }, 'a used refresh token or authorization code was shown: session ended')
  await announce(bus, log, { session_id: sessionId, user_id: userId })
}
