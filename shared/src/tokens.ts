import { JwtVerifier } from 'aws-jwt-verify'
import { JwtExpiredError } from 'aws-jwt-verify/error'
import type { Jwks } from 'aws-jwt-verify/jwk'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import { z } from 'zod'
import { Id } from './ids.ts'

/** What every token of ours holds. */
const common = {
  sub: z.string().min(1).max(200),
  /** Seconds since the epoch. */
  exp: z.number(),
  iat: z.number(),
}

/** An access token (RFC 9068 where the issuer follows it). `sid` is the session of the local issuer it belongs to. */
const AccessClaims = z.object({ ...common, token_use: z.literal('access'), sid: z.string().optional() })

/** A token that opens the socket of one document and nothing else: it may travel in a URL. */
const DocumentClaims = z.object({ ...common, token_use: z.literal('collab'), sid: z.string(), doc: Id })

const Claims = z.discriminatedUnion('token_use', [AccessClaims, DocumentClaims])
export type TokenClaims = z.output<typeof Claims>

/** A token that does not open anything. `expired` tells a client to refresh; all else is said in one way. */
export class TokenError extends Error {
  readonly expired: boolean
  constructor(expired: boolean, options?: ErrorOptions) {
    super(expired ? 'The token has expired' : 'The token is not valid', options)
    this.expired = expired
  }
}

/** The issuer's keys cannot be read at the moment, which says nothing about the token. */
export class KeysUnavailableError extends Error {}

export type TokenVerifier = {
  /** Takes access tokens only. @throws TokenError, KeysUnavailableError */
  verify(token: string): Promise<TokenClaims>
  /** Also takes a token that is good for this document only. @throws TokenError, KeysUnavailableError */
  verifyForDocument(token: string, documentId: string): Promise<TokenClaims>
}

export type Issuer = {
  issuer: string
  audience: string
  /** Where the keys are published; only passed to `fetchKeys`. */
  jwksUri: string
  /** Reads the published keys: over HTTP, or straight from the database for the local issuer. */
  fetchKeys: (uri: string) => Promise<Jwks>
}

/** Longer than any token we or Cognito make; verification must not be handed megabytes. */
const maxTokenLength = 8_192

/** The one verifier, used by both servers for every issuer. */
export function createTokenVerifier({ issuer, audience, jwksUri, fetchKeys }: Issuer): TokenVerifier {
  const fetcher = {
    async fetch(uri: string) {
      try {
        return encode(await fetchKeys(uri))
      } catch (cause) {
        throw new KeysUnavailableError('The keys of the issuer cannot be read', { cause })
      }
    },
  }
  const verifier = JwtVerifier.create(
    {
      issuer,
      audience,
      jwksUri,
      // aws-jwt-verify accepts a token without `exp`, and ignores `crit` and `b64` (RFC 7515, 4.1.11; RFC 7797).
      customJwtCheck: ({ header, payload }) => {
        if ('crit' in header || 'b64' in header) throw new TypeError('a critical header is not supported')
        Claims.parse(payload)
      },
    },
    { jwksCache: new SimpleJwksCache({ fetcher }) },
  )
  const check = async (token: string): Promise<TokenClaims> => {
    if (token.length > maxTokenLength) throw new TokenError(false)
    try {
      return Claims.parse(await verifier.verify(token))
    } catch (cause) {
      if (cause instanceof KeysUnavailableError) throw cause
      throw new TokenError(cause instanceof JwtExpiredError, { cause })
    }
  }
  return {
    async verify(token) {
      const claims = await check(token)
      if (claims.token_use !== 'access') throw new TokenError(false)
      return claims
    },
    async verifyForDocument(token, documentId) {
      const claims = await check(token)
      if (claims.token_use !== 'access' && claims.doc !== documentId) throw new TokenError(false)
      return claims
    },
  }
}

function encode(keys: Jwks): ArrayBuffer {
  return new TextEncoder().encode(JSON.stringify(keys)).buffer as ArrayBuffer
}

/** The `aud` of the local issuer's tokens. */
export const localAudience = 'mdcreator'
