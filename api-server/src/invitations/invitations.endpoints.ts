import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { announce } from '../announce.ts'
import { audit } from '../audit/index.ts'
import { asCaller, emailUnverified } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { notFound } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import type { Mail, Mailer } from '../mail/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { accept, invitationGone, otherEmail, preview } from './accept.ts'
import { type InvitationRow, listInvitations, revokeInvitation } from './invitations.queries.ts'
import {
  Invitation,
  InvitationPage,
  InvitationPreview,
  InvitationToken,
  Membership,
  NewInvitation,
} from './invitations.schema.ts'
import { alreadyMember, invite, tooManySent, tooManyWaiting } from './invite.ts'
import { invitationMail } from './mail.ts'

const tag = 'Invitations'
const inWorkspace = z.object({ workspace_id: WireId })
const byToken = z.object({ token: InvitationToken })

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors; mailer: Mailer; config: Config }

export function invitationEndpoints({ db, bus, log, cursors, mailer, config }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/workspaces/{workspace_id}/invitations',
      operationId: 'createInvitation',
      tag,
      summary: 'Invite somebody by mail',
      description:
        'The mail holds a link that is good once, for seven days, for the account with this address. Inviting an address again replaces its invitation. It is worth what you may grant when it is accepted: if you are no administrator any more by then, it is void.',
      auth: 'bearer',
      permission: 'invitation.create',
      idempotent: true,
      request: { params: inWorkspace, body: NewInvitation },
      status: 201,
      response: Invitation,
      problems: [alreadyMember, tooManyWaiting, tooManySent],
      handle: async ({ caller, params, body, permit, once }) => {
        const target = { workspaceId: params.workspace_id, caller, permit }
        let mail: Mail | undefined
        const reply = await once(async (trx) => {
          const { invitation, workspaceName, token } = await invite(trx, target, body)
          mail = invitationMail(config, { ...body, workspaceName, token })
          return { body: toInvitation(invitation) }
        })
        // After the commit, and not for a reply that was kept.
        if (mail) mailer.send(mail)
        return reply
      },
    }),
    endpoint({
      method: 'get',
      path: '/workspaces/{workspace_id}/invitations',
      operationId: 'listInvitations',
      tag,
      summary: 'The invitations that wait for an answer, the newest first',
      description: 'For administrators. Those that were used, replaced or taken back are not in it.',
      auth: 'bearer',
      permission: 'invitation.read',
      request: { params: inWorkspace, query: PageQuery },
      response: InvitationPage,
      handle: async ({ caller, params, query, permit }) => {
        const list = `invitations of ${params.workspace_id}`
        const after = await cursors.open(list, query.cursor)
        const rows = await asCaller(db, caller, async (trx) => {
          const { id } = permit(await findWorkspace(trx, caller.userId, params.workspace_id))
          return listInvitations(trx, id, { after, limit: query.limit + 1 })
        })
        const page = await cursors.page(list, rows, query.limit, (row) => [row.sort_key, row.id])
        return { body: { ...page, items: page.items.map(toInvitation) } }
      },
    }),
    endpoint({
      method: 'delete',
      path: '/workspaces/{workspace_id}/invitations/{invitation_id}',
      operationId: 'deleteInvitation',
      tag,
      summary: 'Take an invitation back',
      description: 'Its link is answered with 410 from then on.',
      auth: 'bearer',
      permission: 'invitation.delete',
      request: { params: inWorkspace.extend({ invitation_id: WireId }) },
      handle: async ({ caller, params, permit }) => {
        await asCaller(db, caller, async (trx) => {
          const { id } = permit(await findWorkspace(trx, caller.userId, params.workspace_id))
          if (!(await revokeInvitation(trx, id, { id: params.invitation_id }))) throw notFound()
          const target = { type: 'invitation', id: params.invitation_id } as const
          await audit(trx, { action: 'invitation.revoked', workspaceId: id, target })
        })
        return {}
      },
    }),
    endpoint({
      method: 'get',
      path: '/invitations/{token}',
      operationId: 'getInvitation',
      tag,
      summary: 'What the link in the mail is about',
      description: 'Needs no account: whoever has the link may look at it, and only the invited address can accept it.',
      auth: 'public',
      request: { params: byToken },
      response: InvitationPreview,
      problems: [invitationGone],
      handle: async ({ params }) => {
        const found = await preview(db, params.token)
        return { body: { ...found, expires_at: found.expires_at.toISOString() } }
      },
    }),
    endpoint({
      method: 'post',
      path: '/invitations/{token}/accept',
      operationId: 'acceptInvitation',
      tag,
      summary: 'Accept an invitation',
      description:
        'You become a member with the role that you were invited to. Your account must have the address that was invited, and have verified it where this server asks for that.',
      auth: 'session',
      request: { params: byToken },
      response: Membership,
      problems: [alreadyMember, otherEmail, emailUnverified, invitationGone],
      handle: async ({ caller, params }) => {
        const joined = await accept(db, caller, params.token, config.emailVerification === 'required')
        await announce(bus, log, { workspace_id: joined.workspace_id, user_id: caller.userId })
        return { body: joined }
      },
    }),
  ]
}

function toInvitation(row: InvitationRow): z.input<typeof Invitation> {
  return { ...row, created_at: row.created_at.toISOString(), expires_at: row.expires_at.toISOString() }
}
