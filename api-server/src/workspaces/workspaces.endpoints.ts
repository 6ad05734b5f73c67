import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { newId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { announce } from '../announce.ts'
import { asCaller } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { forbidden, idTaken, invalid, notFound, problemTypes } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import { changeWorkspace } from './change.ts'
import { toReply, toWorkspace } from './wire.ts'
import { findWorkspace, insertWorkspace, listWorkspaces, now, transferWorkspace } from './workspaces.queries.ts'
import { NewWorkspace, Workspace, WorkspacePage, WorkspacePatch, WorkspaceTransfer } from './workspaces.schema.ts'

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors }

const tag = 'Workspaces'
const ofWorkspace = z.object({ workspace_id: WireId })

export function workspaceEndpoints({ db, bus, log, cursors }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/workspaces',
      operationId: 'createWorkspace',
      tag,
      summary: 'Make a workspace; you become its owner',
      description: 'You may bring your own id, so that it can be made offline and sent later.',
      auth: 'bearer',
      scope: 'workspaces:write',
      idempotent: true,
      request: { body: NewWorkspace },
      status: 201,
      response: Workspace,
      headers: ['Location', 'ETag'],
      problems: [problemTypes.idTaken],
      handle: async ({ caller, body, once }) => {
        const id = body.id ?? newId()
        return once(async (trx) => {
          const isNew = await insertWorkspace(trx, { id, name: body.name, created_by: caller.userId })
          const row = isNew && (await findWorkspace(trx, caller.userId, id))
          if (!row) throw idTaken()
          return { ...toReply(row), location: `/api/v1/workspaces/${id}` }
        })
      },
    }),
    endpoint({
      method: 'get',
      path: '/workspaces',
      operationId: 'listWorkspaces',
      tag,
      summary: 'Your workspaces, the newest first',
      description: 'Those that you are a member of, with your role in each.',
      auth: 'bearer',
      scope: 'workspaces:read',
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
      tag,
      summary: 'A workspace',
      description: 'With your role in it.',
      auth: 'bearer',
      permission: 'workspace.read',
      request: { params: ofWorkspace },
      response: Workspace,
      handle: async ({ caller, params, permit }) => {
        const row = await asCaller(db, caller, (trx) => findWorkspace(trx, caller.userId, params.workspace_id))
        return toReply(permit(row))
      },
    }),
    endpoint({
      method: 'patch',
      path: '/workspaces/{workspace_id}',
      operationId: 'updateWorkspace',
      tag,
      summary: 'Rename a workspace',
      description: 'With If-Match, it is refused where somebody else has changed it since.',
      auth: 'bearer',
      permission: 'workspace.update',
      request: { params: ofWorkspace, body: WorkspacePatch },
      response: Workspace,
      headers: ['ETag'],
      problems: [problemTypes.preconditionFailed],
      handle: async ({ caller, params, body, permit, req }) => {
        const target = { id: params.workspace_id, caller, ifMatch: req.get('If-Match'), permit }
        return toReply(await changeWorkspace(db, target, body))
      },
    }),
    endpoint({
      method: 'delete',
      path: '/workspaces/{workspace_id}',
      operationId: 'deleteWorkspace',
      tag,
      summary: 'Delete a workspace with everything in it',
      description: 'Only the owner may. Open editors are closed within a second.',
      auth: 'bearer',
      permission: 'workspace.delete',
      request: { params: ofWorkspace },
      problems: [problemTypes.preconditionFailed],
      handle: async ({ caller, params, permit, req }) => {
        const target = { id: params.workspace_id, caller, ifMatch: req.get('If-Match'), permit }
        await changeWorkspace(db, target, { deleted_at: now })
        await announce(bus, log, params)
        return {}
      },
    }),
    endpoint({
      method: 'post',
      path: '/workspaces/{workspace_id}/transfer',
      operationId: 'transferWorkspace',
      tag,
      summary: 'Hand a workspace over to another member',
      description: 'Only the owner may, and is an administrator from then on. Open editors follow within a second.',
      auth: 'bearer',
      permission: 'workspace.transfer',
      request: { params: ofWorkspace, body: WorkspaceTransfer },
      response: Workspace,
      headers: ['ETag'],
      handle: async ({ caller, params, body, permit }) => {
        const { workspace_id } = params
        const row = await asCaller(db, caller, async (trx) => {
          permit(await findWorkspace(trx, caller.userId, workspace_id))
          const outcome = await transferWorkspace(trx, workspace_id, body.user_id)
          if (outcome === 'not-owner') throw forbidden()
          if (outcome === 'no-member') {
            throw invalid('Only a member can become the owner', [{ pointer: '/user_id', detail: 'is no member here' }])
          }
          return findWorkspace(trx, caller.userId, workspace_id)
        })
        if (!row) throw notFound()
        for (const user_id of [caller.userId, body.user_id]) await announce(bus, log, { workspace_id, user_id })
        return toReply(row)
      },
    }),
  ]
}
