import { JwtVerifier } from 'aws-jwt-verify'
import { JwtExpiredError } from 'aws-jwt-verify/error'
import { type Jwks, SimpleJwksCache } from 'aws-jwt-verify/jwk'
import { RememberedTokens } from './remembered-tokens.ts'
import type { Scope } from './scopes.ts'

/** What a token says, in our own terms: whoever issued it. `exp` is in seconds since the epoch. */
export type TokenClaims = {
  /** The id of the user. */
  sub: string
  exp: number
} & (
  | { token_use: 'access' /** The session it belongs to. */; sid?: string | undefined }
  | { token_use: 'collab'; sid: string /** The one document whose socket it opens. */; doc: string }
  | {
      token_use: 'personal' /** The personal access token's id. */
      tid: string
      scopes: readonly Scope[] /** Its use was noted less than a minute ago. */
      isNoted: boolean
    }
)

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
  /** Takes what opens endpoints: not a token for one document. @throws TokenError, KeysUnavailableError */
  verify(token: string): Promise<Exclude<TokenClaims, { token_use: 'collab' }>>
  /**
   * Also takes what is good for this document only: a token, or a ticket, which is spent by that.
   * @throws TokenError, KeysUnavailableError
   */
  verifyForDocument(token: string, documentId: string): Promise<TokenClaims>
}

export type PreparedVerifier = TokenVerifier & {
  /** Reads the issuers' keys, so that the first to come need not wait for them. Never rejects: they are read when needed, too. */
  prepare(): Promise<void>
}

/** A JWT's two halves as JSON; nothing about them is known yet but that the signature, the issuer and the times are good. */
export type VerifiedJwt = { token: string; header: Record<string, unknown>; payload: Record<string, unknown> }

export type Issuer = {
  issuer: string
  /** What `aud` must hold; null where `read` looks at it. */
  audience: string | null
  /** Reads the published keys: over HTTP, or straight from the database for our own. */
  fetchKeys: () => Promise<Jwks>
  /** The token in our terms, or why it is no token for us (whatever it throws is no more than that). */
  read: (jwt: VerifiedJwt) => TokenClaims | ForeignClaims
  /** Finds our user and session for the person that another issuer names. */
  admit?: (foreign: ForeignClaims) => Promise<TokenClaims>
}

/** Who an access token of another issuer is for, in the issuer's terms. */
export type ForeignClaims = {
  issuer: string
  subject: string
  /** Names one sign-in at the issuer, as well as it can be told. */
  sessionKey: string
  exp: number
  jwt: VerifiedJwt
}

/** Longer than any token we or Cognito make; verification must not be handed megabytes. */
const maxTokenLength = 8_192
/** A key that its issuer no longer publishes is dropped after that. */
const keysMaxAgeMs = 10 * 60_000
/** Keys that could not be read are not asked for again sooner. */
const retryMs = 2_000

/** The one verifier of JWTs, used by both servers for every issuer. A token names its issuer, and it must be one of these. */
export function createTokenVerifier(issuers: Issuer[]): PreparedVerifier {
  const byName = new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
  const keys = new Map(issuers.map((issuer) => [issuer.issuer, new Keys(issuer.fetchKeys)]))
  const verifier = JwtVerifier.create(
    // The issuer stands for the address of its keys: which is not known before it was asked.
    issuers.map(({ issuer, audience }) => ({ issuer, audience, jwksUri: issuer })),
    {
      jwksCache: new SimpleJwksCache({ fetcher: { fetch: async (issuer) => encode(await keys.get(issuer)?.read()) } }),
    },
  )
  const remembered = new RememberedTokens<TokenClaims | ForeignClaims>()
  const read = async (token: string): Promise<TokenClaims | ForeignClaims> => {
    const known = remembered.get(token)
    if (known) return known
    let claims: TokenClaims | ForeignClaims | undefined
    try {
      await verifier.verify(token, {
        customJwtCheck: ({ header, payload }) => {
          refuseWhatWeDoNotUnderstand(header, payload)
          claims = byName.get(String(payload.iss))?.read({ token, header, payload: payload as VerifiedJwt['payload'] })
        },
      })
    } catch (cause) {
      if (cause instanceof KeysUnavailableError) throw cause
      throw new TokenError(cause instanceof JwtExpiredError, { cause })
    }
    if (!claims) throw new TokenError(false)
    remembered.set(token, claims, claims.exp)
    return claims
  }
  const check = async (token: string): Promise<TokenClaims> => {
    if (token.length > maxTokenLength) throw new TokenError(false)
    const claims = await read(token)
    if (!('subject' in claims)) return claims
    const admitted = await byName.get(claims.issuer)?.admit?.(claims)
    if (!admitted) throw new TokenError(false)
    return admitted
  }
  const renew = (): void => {
    for (const [issuer, item] of keys) item.renew((fresh) => verifier.cacheJwks(fresh, issuer))
  }
  return {
    async prepare() {
      await Promise.allSettled([...keys].map(async ([issuer, item]) => verifier.cacheJwks(await item.read(), issuer)))
    },
    async verify(token) {
      renew()
      const claims = await check(token)
      if (claims.token_use === 'collab') throw new TokenError(false)
      return claims
    },
    async verifyForDocument(token, documentId) {
      renew()
      const claims = await check(token)
      if (claims.token_use === 'collab' && claims.doc !== documentId) throw new TokenError(false)
      return claims
    },
  }
}

/**
 * aws-jwt-verify accepts a token without `exp`, and ignores `crit` and `b64` (RFC 7515, section 4.1.11; RFC 7797).
 * A token that is bound to a key (`cnf`, RFC 7800) must not be taken from whoever shows it.
 */
function refuseWhatWeDoNotUnderstand(header: object, payload: object): void {
  if ('crit' in header || 'b64' in header) throw new TypeError('a critical header is not supported')
  if ('cnf' in payload) throw new TypeError('a token that is bound to a key is not supported')
  if (!('exp' in payload) || typeof payload.exp !== 'number') throw new TypeError('exp is required')
}

/** The keys of one issuer: when they were read last, and whether that failed. */
class Keys {
  private readonly fetchKeys: () => Promise<Jwks>
  private readAt = Number.NEGATIVE_INFINITY
  private failure: { at: number; error: KeysUnavailableError } | undefined
  private isRenewing = false

  constructor(fetchKeys: () => Promise<Jwks>) {
    this.fetchKeys = fetchKeys
  }

  /** @throws KeysUnavailableError */
  async read(): Promise<Jwks> {
    if (this.failure && performance.now() - this.failure.at < retryMs) throw this.failure.error
    try {
      const keys = await this.fetchKeys()
      this.readAt = performance.now()
      this.failure = undefined
      return keys
    } catch (cause) {
      const error = new KeysUnavailableError('The keys of the issuer cannot be read', { cause })
      this.failure = { at: performance.now(), error }
      throw error
    }
  }

  /** Reads keys that are old once more, beside whatever goes on; they stay in use until there are others. */
  renew(use: (keys: Jwks) => void): void {
    if (this.isRenewing || this.readAt < 0 || performance.now() - this.readAt < keysMaxAgeMs) return
    this.isRenewing = true
    this.read()
      .then(use, () => {})
      .finally(() => {
        this.isRenewing = false
      })
  }
}

function encode(keys: Jwks | undefined): ArrayBuffer {
  return new TextEncoder().encode(JSON.stringify(keys)).buffer as ArrayBuffer
}
