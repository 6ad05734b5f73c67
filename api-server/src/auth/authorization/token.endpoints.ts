import { createHash, timingSafeEqual } from 'node:crypto'
import type { OAuthConfig } from '@mdcreator/shared/config'
import { hashOfSecret } from '@mdcreator/shared/secret'
import type { Request } from 'express'
import { type Endpoint, endpoint } from '../../http/endpoint.ts'
import { Problem, type ProblemType } from '../../http/problem.ts'
import { Tokens } from '../auth.schema.ts'
import { type AuthDeps, issueTokens, sessionFor } from '../deps.ts'
import { announceReplay, badRefreshToken, refreshSession } from '../refresh.ts'
import { redeemCode } from './authorization.queries.ts'
import { OAuthErrorMembers, TokenRequest } from './authorization.schema.ts'

const oauthError: ProblemType = {
  slug: 'oauth-error',
  status: 400,
  title: 'The token request was refused',
  members: OAuthErrorMembers,
}

/** The token endpoint (RFC 6749, section 3.2) for public clients. */
export function tokenEndpoints(deps: AuthDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/auth/token',
      operationId: 'createTokens',
      tag: 'Auth',
      summary: 'Exchange an authorization code, or a refresh token, for tokens',
      description:
        'As a form (RFC 6749) or as JSON. A code is good once: one that is shown again ends the session that it gave. A refresh token is good once, too, and only for the app that it was made for.',
      auth: 'public',
      request: { body: TokenRequest },
      bodyTypes: ['application/x-www-form-urlencoded', 'application/json'],
      bodyLimit: 16_384,
      response: Tokens,
      problems: [oauthError],
      handle: async ({ body, req }) => {
        const clientId = requireClient(body, deps.config.oauth)
        if (body.grant_type === 'authorization_code') return { body: await redeem(deps, body, clientId, req) }
        if (body.grant_type === 'refresh_token') return { body: await refresh(deps, body, clientId) }
        throw refused('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token')
      },
    }),
  ]
}

/** @throws Problem 400 where it is not the one app that may ask */
export function requireClient({ client_id }: TokenRequest, oauth: OAuthConfig): string {
  if (client_id !== oauth.clientId) throw refused('invalid_client', 'The client is not known')
  return client_id
}

async function redeem(deps: AuthDeps, body: TokenRequest, clientId: string, req: Request): Promise<Tokens> {
  const { code, redirect_uri, code_verifier } = body
  if (!code || !redirect_uri || !code_verifier) {
    throw refused('invalid_request', 'code, redirect_uri and code_verifier are required')
  }
  const { session, refreshToken } = sessionFor(req, deps, clientId)
  const result = await redeemCode(
    deps.db,
    hashOfSecret(code),
    (row) =>
      row.client_id === clientId && row.redirect_uri === redirect_uri && proves(code_verifier, row.code_challenge),
    session,
  )
  if (result.outcome === 'replayed' && result.sessionId) {
    await announceReplay(deps, { userId: result.userId, sessionId: result.sessionId })
  }
  if (result.outcome !== 'opened') throw refused('invalid_grant', 'The code is not valid: sign in again')
  return issueTokens(deps, { userId: result.userId, sessionId: session.id, refreshToken })
}

async function refresh(deps: AuthDeps, body: TokenRequest, clientId: string): Promise<Tokens> {
  if (!body.refresh_token) throw refused('invalid_request', 'refresh_token is required')
  try {
    return await refreshSession(deps, { token: body.refresh_token, clientId })
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== badRefreshToken) throw error
    throw refused('invalid_grant', error.message)
  }
}

/** RFC 7636, section 4.6. */
function proves(verifier: string, challenge: string): boolean {
  if (!/^[\w.~-]{43,128}$/.test(verifier)) return false
  const [given, wanted] = [createHash('sha256').update(verifier).digest('base64url'), challenge].map(Buffer.from)
  return given !== undefined && wanted !== undefined && given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** A refusal in the words of RFC 6749, section 5.2. */
export function refused(error: string, description: string): Problem {
  return new Problem(oauthError, description, { members: { error, error_description: description } })
}
