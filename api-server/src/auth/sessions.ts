import { isId, newId } from '@mdcreator/shared/ids'
import { hashOfSecret, newSecret } from '@mdcreator/shared/secret'
import type { NewSession } from './auth.queries.ts'

const refreshTokenLifetimeMs = 30 * 24 * 3600 * 1000

/** A refresh token is `<session id>.<secret>`; we keep no more than the SHA-256 of the secret. */
export type RefreshToken = { token: string; hash: Buffer; expiresAt: Date }

export function newRefreshToken(sessionId: string): RefreshToken {
  const secret = newSecret()
  return {
    token: `${sessionId}.${secret}`,
    hash: hashOfSecret(secret),
    expiresAt: new Date(Date.now() + refreshTokenLifetimeMs),
  }
}

/** The session that a refresh token names and the hash of its secret; undefined where it is none of ours. */
export function readRefreshToken(token: string): { sessionId: string; hash: Buffer } | undefined {
  const [sessionId = '', secret = '', ...rest] = token.split('.')
  if (!isId(sessionId) || !secret || rest.length > 0) return undefined
  return { sessionId, hash: hashOfSecret(secret) }
}

/** A session to store, and its first refresh token. */
export function newSession(opened: { userAgent: string | undefined; network: string; clientId?: string }): {
  session: NewSession
  refreshToken: string
} {
  const id = newId()
  const { token, hash, expiresAt } = newRefreshToken(id)
  return {
    session: {
      id,
      refreshTokenHash: hash,
      userAgent: opened.userAgent?.slice(0, 500) ?? null,
      network: opened.network,
      clientId: opened.clientId ?? null,
      expiresAt,
    },
    refreshToken: token,
  }
}
