import { createPrivateKey, sign } from 'node:crypto'
import { localAudience } from '@mdcreator/shared/local-tokens'
import type { Person, TwoServers } from '../two-servers.ts'
import { DocumentClient, holds } from '../two-servers-client.ts'
import { openRoom } from './revocation-round.ts'

/** Times are milliseconds after the token's end, and below 0 before it. */
export type Expiry = {
  /** Of the socket on each server. */
  closedMs: number[]
  closeCodes: (number | null)[]
  /** When the last edit was stored, by the database's clock. */
  lastStoredMs: number
  stored: number
}

const typingMs = 20

/** Types on both servers with a token that ends after some seconds, until the sockets are closed. */
export async function expiryRound(servers: TwoServers, seconds: number): Promise<Expiry> {
  const { member, documentId } = await openRoom(servers)
  const endsAt = Math.floor(Date.now() / 1000) + seconds
  const token = await signDocumentToken(servers, member, documentId, endsAt)
  const clients = servers.collab.map(({ url }) => new DocumentClient(url, documentId, token))
  try {
    await Promise.all(clients.map((client) => client.synced()))
    for (const client of clients) client.typeEvery(typingMs)
    await holds('the end of the token', () => clients.every(({ closedAt }) => closedAt !== null))
    const afterEnd = (at: number): number => performance.timeOrigin + at - endsAt * 1000
    const { rows } = await servers.pool.query(
      'select count(*)::int as stored, max(created_at) as last from document_updates where document_id = $1',
      [documentId],
    )
    return {
      closedMs: clients.map(({ closedAt }) => afterEnd(Number(closedAt))),
      closeCodes: clients.map(({ closeCode }) => closeCode),
      lastStoredMs: rows[0].last.getTime() - endsAt * 1000,
      stored: rows[0].stored,
    }
  } finally {
    for (const client of clients) client.close()
  }
}

/** As POST /auth/collab-token signs it, with an end of its own in seconds since the epoch. */
async function signDocumentToken(
  { pool, issuer }: TwoServers,
  { id, sessionId }: Person,
  documentId: string,
  endsAt: number,
): Promise<string> {
  const { rows } = await pool.query('select kid, private_jwk from signing_keys where retired_at is null')
  const { kid, private_jwk } = rows[0]
  const claims = {
    ...{ iss: issuer, aud: localAudience, sub: id, sid: sessionId, token_use: 'collab', doc: documentId },
    ...{ iat: Math.floor(Date.now() / 1000), exp: endsAt },
  }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${encode({ alg: private_jwk.alg, typ: 'JWT', kid })}.${encode(claims)}`
  const key = createPrivateKey({ key: private_jwk, format: 'jwk' })
  const signature = sign('sha256', Buffer.from(content), key)
  return `${content}.${signature.toString('base64url')}`
}
