import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { personColor } from '@mdcreator/shared/person-color'
import { z } from 'zod'
import { asCaller } from '../auth/index.ts'
import { findSummary } from '../documents/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { problemTypes } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import { listLastHere } from './presence.queries.ts'
import { Presence } from './presence.schema.ts'

/** Who is there is worth knowing now or not at all. */
const timeoutMs = 3_000

export function presenceEndpoints({ db, bus }: { db: Database; bus: Bus }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/documents/{document_id}/presence',
      operationId: 'getPresence',
      tag: 'Presence',
      summary: 'Who is in a document, and who was last',
      description: 'Asks every collaboration server. Who has several tabs open is one person with several connections.',
      auth: 'bearer',
      permission: 'document.read',
      request: { params: z.object({ document_id: WireId }) },
      response: Presence,
      problems: [problemTypes.timeout],
      handle: async ({ caller, params, permit }) => {
        const { document_id } = params
        const find = (trx: Parameters<typeof findSummary>[0]) => findSummary(trx, caller.userId, document_id)
        permit(await asCaller(db, caller, find))
        // No transaction is open while the collaboration servers are asked, so the right is checked again after it.
        const { people } = await bus.request('document.presence', { document_id }, { timeoutMs })
        const rows = await asCaller(db, caller, async (trx) => {
          permit(await find(trx))
          return listLastHere(trx, document_id, { without: people.map(({ user }) => user.id), limit: 50 })
        })
        const lastHere = rows.map(({ id, display_name, avatar_url, last_seen_at }) => ({
          user: { id, name: display_name, avatar_url, color: personColor(id) },
          last_seen_at: last_seen_at.toISOString(),
        }))
        return { body: { items: people, last_here: lastHere } }
      },
    }),
  ]
}
