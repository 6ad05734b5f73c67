import type { Database } from '@mdcreator/db/database'
import { findSummary } from '../documents/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { DocumentToken, DocumentTokenBody } from './auth.schema.ts'
import { asCaller } from './caller.queries.ts'
import { documentTokenLifetime, type TokenSigner } from './signing-keys.ts'

export function documentTokenEndpoints({ db, signer }: { db: Database; signer: TokenSigner }): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/auth/collab-token',
      operationId: 'createCollabToken',
      tag: 'Auth',
      summary: "Get a token for one document's socket",
      description:
        'For `/ws/documents/{id}?token=`, where the token is part of an address and may end up in a log. It lives five minutes and ends with the session; what it allows is what your role allows, at any moment.',
      auth: 'session',
      permission: 'document.read',
      request: { body: DocumentTokenBody },
      response: DocumentToken,
      cacheControl: 'no-store',
      handle: async ({ caller, body, permit }) => {
        const row = await asCaller(db, caller, (trx) => findSummary(trx, caller.userId, body.document_id))
        const { id } = permit(row)
        const token = await signer.signForDocument(caller.userId, caller.sessionId, id)
        return { body: { token, expires_in: documentTokenLifetime } }
      },
    }),
  ]
}
