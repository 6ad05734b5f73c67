import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { announce } from '../announce.ts'
import { audit } from '../audit/index.ts'
import { asCaller } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { notFound, Problem, type ProblemType } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { deleteMember, findMember, listMembers, type MemberRow, updateRole } from './members.queries.ts'
import { Member, MemberPage, MemberPatch } from './members.schema.ts'

const tag = 'Members'
const ofMember = z.object({ workspace_id: WireId, user_id: WireId })

const ownerStays: ProblemType = { slug: 'owner-stays', status: 409, title: 'A workspace must have its owner' }

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors }

export function memberEndpoints({ db, bus, log, cursors }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/workspaces/{workspace_id}/members',
      operationId: 'listMembers',
      tag,
      summary: 'The members of a workspace, those who came first at the top',
      description: 'Every member sees all of them, with name and picture, without e-mail addresses.',
      auth: 'bearer',
      permission: 'member.read',
      request: { params: z.object({ workspace_id: WireId }), query: PageQuery },
      response: MemberPage,
      handle: async ({ caller, params, query, permit }) => {
        const list = `members of ${params.workspace_id}`
        const after = await cursors.open(list, query.cursor)
        const rows = await asCaller(db, caller, async (trx) => {
          const { id } = permit(await findWorkspace(trx, caller.userId, params.workspace_id))
          return listMembers(trx, id, { after, limit: query.limit + 1 })
        })
        const page = await cursors.page(list, rows, query.limit, (row) => [row.sort_key, row.user_id])
        return { body: { ...page, items: page.items.map(toMember) } }
      },
    }),
    endpoint({
      method: 'patch',
      path: '/workspaces/{workspace_id}/members/{user_id}',
      operationId: 'updateMember',
      tag,
      summary: 'Change the role of a member',
      description:
        "Administrators may, also their own; nobody changes the owner's. Open editors follow within a second.",
      auth: 'bearer',
      permission: 'member.update',
      request: { params: ofMember, body: MemberPatch },
      response: Member,
      problems: [ownerStays],
      handle: async ({ caller, params, body, permit }) => {
        const { workspace_id, user_id } = params
        const { row, isChanged } = await asCaller(db, caller, async (trx) => {
          const find = async () => {
            permit(await findWorkspace(trx, caller.userId, workspace_id))
            return replaceable(await findMember(trx, workspace_id, user_id))
          }
          const row = await find()
          if (row.role === body.role) return { row, isChanged: false }
          if (await updateRole(trx, workspace_id, user_id, body.role)) {
            await audit(trx, {
              action: 'member.role_changed',
              workspaceId: workspace_id,
              target: { type: 'user', id: user_id },
              details: { from: row.role, to: body.role },
            })
            return { row: { ...row, role: body.role }, isChanged: true }
          }
          // Somebody else was faster: whose right it was, or who it was about, is gone.
          await find()
          throw notFound()
        })
        if (isChanged) await announce(bus, log, { workspace_id, user_id })
        return { body: toMember(row) }
      },
    }),
    endpoint({
      method: 'delete',
      path: '/workspaces/{workspace_id}/members/{user_id}',
      operationId: 'removeMember',
      tag,
      summary: 'Remove a member, or leave',
      description:
        'Administrators remove others, anybody may leave; the owner stays. Open editors are closed within a second.',
      auth: 'bearer',
      permission: 'member.remove',
      request: { params: ofMember },
      problems: [ownerStays],
      handle: async ({ caller, params, permit }) => {
        const { workspace_id, user_id } = params
        await asCaller(db, caller, async (trx) => {
          const find = async () => {
            const workspace = await findWorkspace(trx, caller.userId, workspace_id)
            if (!workspace) throw notFound()
            if (user_id !== caller.userId) permit(workspace)
            return replaceable(await findMember(trx, workspace_id, user_id))
          }
          const { role } = await find()
          if (await deleteMember(trx, workspace_id, user_id)) {
            return audit(trx, {
              action: user_id === caller.userId ? 'member.left' : 'member.removed',
              workspaceId: workspace_id,
              target: { type: 'user', id: user_id },
              details: { role },
            })
          }
          await find()
          throw notFound()
        })
        await announce(bus, log, { workspace_id, user_id })
        return {}
      },
    }),
  ]
}

/** @throws Problem 404 where there is none, 409 for the owner: nobody else is above an administrator */
function replaceable(member: MemberRow | undefined): MemberRow {
  if (!member) throw notFound()
  if (member.role !== 'owner') return member
  throw new Problem(ownerStays, 'Hand the workspace over to another member first, or delete it')
}

function toMember({ sort_key: _, ...row }: MemberRow): z.input<typeof Member> {
  return { ...row, created_at: row.created_at.toISOString() }
}
