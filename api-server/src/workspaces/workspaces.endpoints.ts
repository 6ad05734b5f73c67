import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { newId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { announce } from '../announce.ts'
import { asCaller } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { idTaken, notFound, problemTypes } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import {
  deleteWorkspace,
  findWorkspace,
  insertWorkspace,
  listWorkspaces,
  type WorkspaceRow,
} from './workspaces.queries.ts'
import { NewWorkspace, Workspace, WorkspacePage } from './workspaces.schema.ts'

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors }

const ofWorkspace = z.object({ workspace_id: WireId })

export function workspaceEndpoints({ db, bus, log, cursors }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/workspaces',
      operationId: 'createWorkspace',
      tag: 'Workspaces',
      summary: 'Make a workspace; you become its owner',
      auth: 'bearer',
      request: { body: NewWorkspace },
      status: 201,
      response: Workspace,
      headers: ['Location'],
      problems: [problemTypes.idTaken],
      handle: async ({ caller, body }) => {
        const id = body.id ?? newId()
        const row = await asCaller(db, caller, async (trx) => {
          const isNew = await insertWorkspace(trx, { id, name: body.name, created_by: caller.userId })
          return isNew ? findWorkspace(trx, caller.userId, id) : undefined
        })
        if (!row) throw idTaken()
        return { body: toWorkspace(row), location: `/api/v1/workspaces/${id}` }
      },
    }),
    endpoint({
      method: 'get',
      path: '/workspaces',
      operationId: 'listWorkspaces',
      tag: 'Workspaces',
      summary: 'Your workspaces, the newest first',
      auth: 'bearer',
      request: { query: PageQuery },
      response: WorkspacePage,
      handle: async ({ caller, query }) => {
        const list = `workspaces of ${caller.userId}`
        const after = await cursors.open(list, query.cursor)
        const rows = await asCaller(db, caller, (trx) =>
          listWorkspaces(trx, caller.userId, { after, limit: query.limit + 1 }),
        )
        const page = await cursors.page(list, rows, query.limit, (row) => [row.sort_key, row.id])
        return { body: { ...page, items: page.items.map(toWorkspace) } }
      },
    }),
    endpoint({
      method: 'get',
      path: '/workspaces/{workspace_id}',
      operationId: 'getWorkspace',
      tag: 'Workspaces',
      summary: 'A workspace',
      auth: 'bearer',
      permission: 'workspace.read',
      request: { params: ofWorkspace },
      response: Workspace,
      handle: async ({ caller, params, permit }) => {
        const row = await asCaller(db, caller, (trx) => findWorkspace(trx, caller.userId, params.workspace_id))
        return { body: toWorkspace(permit(row)) }
      },
    }),
    endpoint({
      method: 'delete',
      path: '/workspaces/{workspace_id}',
      operationId: 'deleteWorkspace',
      tag: 'Workspaces',
      summary: 'Delete a workspace with everything in it',
      description: 'Only the owner may. Open editors are closed within a second.',
      auth: 'bearer',
      permission: 'workspace.delete',
      request: { params: ofWorkspace },
      handle: async ({ caller, params, permit }) => {
        await asCaller(db, caller, async (trx) => {
          const { id } = permit(await findWorkspace(trx, caller.userId, params.workspace_id))
          if (!(await deleteWorkspace(trx, id))) throw notFound()
        })
        await announce(bus, log, params)
        return {}
      },
    }),
  ]
}

function toWorkspace({ sort_key: _, ...row }: WorkspaceRow): z.input<typeof Workspace> {
  return { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
}
