import type { Database } from '@mdcreator/db/database'
import { newTicket } from '@mdcreator/shared/document-ticket'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { findSummary } from '../documents/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { DocumentTicket, DocumentTokenBody } from './auth.schema.ts'
import { asCaller } from './caller.queries.ts'
import { insertTicket } from './document-ticket.queries.ts'
import { documentTokenLifetime } from './signing-keys.ts'

/** Seconds. */
const lifetime = 30

export function documentTicketEndpoints({ db }: { db: Database }): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/auth/collab-ticket',
      operationId: 'createCollabTicket',
      tag: 'Auth',
      summary: "Get a ticket for one document's socket",
      description:
        'For `/ws/documents/{id}?ticket=`: it opens one connection, within 30 seconds, and is worth nothing in a log afterwards. The connection lives five minutes, as with a token for the document, and ends with the session or the personal access token that asked; what it allows is what your role and the scopes allow, at any moment. Get another before you connect again.',
      auth: 'bearer',
      permission: 'document.read',
      request: { body: DocumentTokenBody },
      status: 201,
      response: DocumentTicket,
      cacheControl: 'no-store',
      handle: async ({ caller, body, permit }) => {
        const ticket = newTicket()
        await asCaller(db, caller, async (trx) => {
          const { id: documentId } = permit(await findSummary(trx, caller.userId, body.document_id))
          const hash = hashOfSecret(ticket)
          await insertTicket(trx, caller, { hash, documentId, lifetime, connectionLifetime: documentTokenLifetime })
        })
        return { body: { ticket, expires_in: lifetime } }
      },
    }),
  ]
}
