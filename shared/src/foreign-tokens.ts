import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { CognitoConfig } from './config-auth.ts'
import type { ForeignClaims, VerifiedJwt } from './tokens.ts'

const Subject = z.object({ iss: z.string(), sub: z.string().min(1).max(255), exp: z.number() })

/** An access token of a Cognito user pool: no `aud`, but the client it was made for. */
const CognitoClaims = z.object({ token_use: z.literal('access'), client_id: z.string() })

/** Only an id token has these (OpenID Connect Core, sections 2 and 3.3.2.11). */
const ofIdTokens = ['nonce', 'at_hash', 'c_hash', 's_hash']
/** `typ` of the payload, as Keycloak writes it. */
const otherTypes = ['ID', 'Refresh', 'Offline', 'Logout', 'logout+jwt']

/** @throws where it is no access token for the configured client */
export function readCognitoToken(jwt: VerifiedJwt, config: CognitoConfig): ForeignClaims {
  const { client_id } = CognitoClaims.parse(jwt.payload)
  if (client_id !== config.clientId) throw new TypeError('made for another client')
  return toForeign(jwt)
}

/**
 * An access token of any other issuer, whose `aud` has been checked. Its header says so (RFC 9068, section 2.1), or,
 * where the issuer does not follow that, it has a scope and nothing that only other tokens have.
 * @throws where it is an id token, or any other but an access token
 */
export function readOidcToken(jwt: VerifiedJwt): ForeignClaims {
  const { header, payload } = jwt
  const type = typeof header['typ'] === 'string' ? header['typ'].toLowerCase().replace(/^application\//, '') : 'jwt'
  if (type !== 'at+jwt' && type !== 'jwt') throw new TypeError('not an access token')
  if (ofIdTokens.some((name) => name in payload)) throw new TypeError('an id token')
  if (otherTypes.includes(String(payload['typ'])) || 'events' in payload) throw new TypeError('not an access token')
  if (type !== 'at+jwt' && !('scope' in payload) && !('scp' in payload)) throw new TypeError('not an access token')
  return toForeign(jwt)
}

/** @throws where the claims that name somebody are not there */
export function toForeign(jwt: VerifiedJwt): ForeignClaims {
  const { iss, sub, exp } = Subject.parse(jwt.payload)
  return { issuer: iss, subject: sub, sessionKey: sessionKey(jwt), exp, jwt }
}

/**
 * Names the sign-in that a token comes from, so that ending it ends every token of it: `sid`, Cognito's `origin_jti`
 * (the same for all tokens of one refresh token), or the moment of the sign-in. A token with none of these is a session
 * by itself.
 */
function sessionKey({ token, payload }: VerifiedJwt): string {
  for (const name of ['sid', 'origin_jti', 'auth_time', 'jti']) {
    const value = payload[name]
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return `${name}:${value}`
  }
  return `token:${createHash('sha256').update(token).digest('hex')}`
}

/** The id of our session for a sign-in at another issuer: always the same for the same sign-in (a UUID of version 8). */
export function sessionIdOf({ issuer, subject, sessionKey: key }: ForeignClaims): string {
  return idOf(issuer, subject, key)
}

/** The id of the user that we make for a person of another issuer. */
export const foreignUserId = (issuer: string, subject: string): string => idOf(issuer, subject)

/** A UUID of version 8 that follows from the parts. */
function idOf(...parts: string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
