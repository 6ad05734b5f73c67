import type { DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'
import type { Caller } from '../http/authenticate.ts'

type NewTicket = {
  hash: Buffer
  documentId: string
  /** Seconds in which it has to be used. */
  lifetime: number
  /** Seconds from now, after which the connection ends that it opens. */
  connectionLifetime: number
}

/** Keeps a ticket of the caller's. */
export async function insertTicket(trx: Transaction<DB>, caller: Caller, ticket: NewTicket): Promise<void> {
  const after = (seconds: number) => sql<Date>`now() + make_interval(secs => ${seconds})`
  await trx
    .insertInto('document_tickets')
    .values({
      ticket_hash: ticket.hash,
      document_id: ticket.documentId,
      user_id: caller.userId,
      session_id: caller.kind === 'session' ? caller.sessionId : null,
      token_id: caller.kind === 'token' ? caller.tokenId : null,
      expires_at: after(ticket.lifetime),
      ends_at: after(ticket.connectionLifetime),
    })
    .execute()
}
