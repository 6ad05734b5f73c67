import { hkdfSync } from 'node:crypto'
import type { Database } from '@mdcreator/db/database'
import { tokenVerifier } from '@mdcreator/db/token-verifier'
import type { Config } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { localAudience } from '@mdcreator/shared/local-tokens'
import type { ForeignClaims, TokenVerifier } from '@mdcreator/shared/tokens'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { ensureSigningKey, type KeyPair, oldestSigningKey } from './signing-keys.queries.ts'

/**
 * Of new keys. Each token is verified by every server that is shown it, thousands a second when everybody connects anew, and
 * a signature of RSA is verified in a third of the time of one of ECDSA (ADR 22). It is what Cognito signs with, too.
 */
const algorithm = 'RS256'

/** Seconds. */
export const accessTokenLifetime = 3600
/** Seconds. A socket that outlives its token is asked for another. */
export const documentTokenLifetime = 300

/** Makes the first signing key where there is none; of several servers that start at once, one makes it. */
export async function prepareSigningKey(db: Database): Promise<void> {
  await ensureSigningKey(db, makeKeyPair)
}

/** Signs the local issuer's tokens with the newest key. */
export class TokenSigner {
  private readonly db: Database
  private readonly issuer: string

  constructor(db: Database, issuer: string) {
    this.db = db
    this.issuer = issuer
  }

  /** An access token for one session of a user: a JWT (RFC 9068) that lives an hour. */
  sign(userId: string, sessionId: string): Promise<string> {
    return this.make('at+jwt', userId, accessTokenLifetime, { sid: sessionId, token_use: 'access' })
  }

  /** A token for the socket of one document, for a session of a user; it lives five minutes. */
  signForDocument(userId: string, sessionId: string, documentId: string): Promise<string> {
    const claims = { sid: sessionId, token_use: 'collab', doc: documentId }
    return this.make('JWT', userId, documentTokenLifetime, claims)
  }

  private async make(typ: string, userId: string, lifetime: number, claims: JWTPayload): Promise<string> {
    const { kid, private_jwk } = await ensureSigningKey(this.db, makeKeyPair)
    return new SignJWT(claims)
      .setProtectedHeader({ alg: String(private_jwk.alg), typ, kid })
      .setIssuer(this.issuer)
      .setAudience(localAudience)
      .setSubject(userId)
      .setJti(newId())
      .setIssuedAt()
      .setExpirationTime(`${lifetime}s`)
      .sign(await importJWK(private_jwk))
  }
}

/**
 * The verifier of the API. It makes sure that there is a key of our own before it looks for one: after an unknown key
 * aws-jwt-verify does not look again for 10 s, and the first token of a new deployment would be refused.
 */
export function apiTokenVerifier(
  db: Database,
  config: Config,
  provision: (foreign: ForeignClaims) => Promise<void>,
): TokenVerifier {
  const verifier = tokenVerifier({ db, config, provision })
  const prepare = once(() => prepareSigningKey(db))
  return {
    async verify(token) {
      await prepare()
      return verifier.verify(token)
    },
    async verifyForDocument(token, documentId) {
      await prepare()
      return verifier.verifyForDocument(token, documentId)
    },
  }
}

/**
 * A secret that all instances share without being told: derived from the oldest signing key, which stays the same when
 * keys rotate. Read once.
 */
export function sharedSecret(db: Database, purpose: string): () => Promise<Buffer> {
  return once(async () => {
    await prepareSigningKey(db)
    const { private_jwk } = await oldestSigningKey(db)
    return Buffer.from(hkdfSync('sha256', String(private_jwk.d), '', `mdcreator ${purpose}`, 32))
  })
}

/** Runs the work for the first caller, and again only where it failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined
      throw error
    })
    return result
  }
}

async function makeKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk: JWK = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  const about = { kid, alg: algorithm, use: 'sig' }
  return { kid, public_jwk: { ...publicJwk, ...about }, private_jwk: { ...(await exportJWK(privateKey)), ...about } }
}
