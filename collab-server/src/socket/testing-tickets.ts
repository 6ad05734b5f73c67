import { newTicket } from '@mdcreator/shared/document-ticket'
import { newId } from '@mdcreator/shared/ids'
import { hashOfSecret } from '@mdcreator/shared/secret'
import type { World } from '../testing.ts'

/** Who makes a ticket: a session, or a personal access token. */
export type Maker = { userId: string; sessionId: string; tokenId?: never } | { userId: string; tokenId: string }

/** A ticket as the API makes it. Times in seconds from now. */
export async function makeTicket(
  world: World,
  maker: Maker,
  documentId: string,
  { expires = 30, ends = 300 }: { expires?: number; ends?: number } = {},
): Promise<string> {
  const ticket = newTicket()
  const { userId, sessionId = null, tokenId = null } = { sessionId: null, ...maker }
  await world.owner.query(
    `insert into document_tickets (ticket_hash, document_id, user_id, session_id, token_id, expires_at, ends_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(secs => $7))`,
    [hashOfSecret(ticket), documentId, userId, sessionId, tokenId, expires, ends],
  )
  return ticket
}

/** A session of somebody's, in which they make tickets. */
export async function openSession(world: World, userId: string): Promise<{ userId: string; sessionId: string }> {
  const sessionId = newId()
  await world.owner.query(
    `insert into sessions (id, user_id, refresh_token_hash, expires_at) values ($1, $2, '', now() + interval '1 h')`,
    [sessionId, userId],
  )
  return { userId, sessionId }
}
