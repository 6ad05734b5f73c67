import type { Database } from '@mdcreator/db/database'
import { z } from 'zod'
import { asCaller } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { WireId } from '../http/schema.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { type AuditRow, listAuditEntries } from './audit.queries.ts'
import { type AuditEntry, AuditPage } from './audit.schema.ts'

export function auditEndpoints({ db, cursors }: { db: Database; cursors: Cursors }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/workspaces/{workspace_id}/audit-log',
      operationId: 'listAuditLog',
      tag: 'Workspaces',
      summary: 'What happened in a workspace, the newest first',
      description: 'Changes of roles, removals, deletions and the like, for its administrators. Kept for a year.',
      auth: 'bearer',
      permission: 'audit.read',
      request: { params: z.object({ workspace_id: WireId }), query: PageQuery },
      response: AuditPage,
      handle: async ({ caller, params, query, permit }) => {
        const list = `audit log of ${params.workspace_id}`
        const after = await cursors.open(list, query.cursor)
        const rows = await asCaller(db, caller, async (trx) => {
          const { id } = permit(await findWorkspace(trx, caller.userId, params.workspace_id))
          return listAuditEntries(trx, id, { after, limit: query.limit + 1 })
        })
        const page = await cursors.page(list, rows, query.limit, (row) => [String(row.id)])
        return { body: { ...page, items: page.items.map(toEntry) } }
      },
    }),
  ]
}

function toEntry({ target_type: type, target_id: id, ...row }: AuditRow): z.input<typeof AuditEntry> {
  return {
    ...row,
    at: row.at.toISOString(),
    target: type !== null && id !== null ? { type, id } : null,
    details: row.details as Record<string, unknown>,
  }
}
