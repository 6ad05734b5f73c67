import { newId } from '@mdcreator/shared/ids'
import { hashOfSecret, newSecret } from '@mdcreator/shared/secret'
import { audit } from '../audit/index.ts'
import type { Caller } from '../http/authenticate.ts'
import { notFound, Problem, type ProblemType } from '../http/problem.ts'
import { findWorkspace, lockWorkspace } from '../workspaces/index.ts'
import {
  countInvitations,
  findInvitation,
  type GrantableRole,
  type InvitationRow,
  insertInvitation,
  isMember,
  revokeInvitation,
} from './invitations.queries.ts'

export const alreadyMember: ProblemType = { slug: 'already-member', status: 409, title: 'They are a member already' }
export const tooManyWaiting: ProblemType = {
  slug: 'too-many-invitations',
  status: 409,
  title: 'Too many invitations wait for an answer',
}
export const tooManySent: ProblemType = {
  slug: 'invitations-per-day',
  status: 429,
  title: 'You have invited too often',
}

/** Open ones of a workspace. */
const maxWaiting = 100
/** Mails that one person has us send in 24 h, over all workspaces. */
const maxSentPerDay = 200

type Workspace = NonNullable<Awaited<ReturnType<typeof findWorkspace>>>

/**
 * Makes an invitation in place of one that waits for the same address. Gives the token, which is kept nowhere.
 * @throws Problem 403, 404, 409, 429
 */
export async function invite(
  trx: Parameters<typeof findWorkspace>[0],
  { workspaceId, caller, permit }: { workspaceId: string; caller: Caller; permit: (row?: Workspace) => Workspace },
  { email, role }: { email: string; role: GrantableRole },
): Promise<{ invitation: InvitationRow; workspaceName: string; token: string }> {
  permit(await findWorkspace(trx, caller.userId, workspaceId))
  // One after another in a workspace, so that the limit holds and an address has one invitation.
  if (!(await lockWorkspace(trx, workspaceId))) throw notFound()
  const { name } = permit(await findWorkspace(trx, caller.userId, workspaceId))
  if (await isMember(trx, workspaceId, email)) {
    throw new Problem(alreadyMember, 'Somebody with this e-mail address is a member already')
  }
  await revokeInvitation(trx, workspaceId, { email })
  const { waiting, sent } = await countInvitations(trx, workspaceId, caller.userId)
  if (waiting >= maxWaiting) {
    throw new Problem(tooManyWaiting, `At most ${maxWaiting} invitations wait in a workspace: take some back first`)
  }
  if (sent >= maxSentPerDay) {
    throw new Problem(tooManySent, `At most ${maxSentPerDay} invitations a day`, { headers: { 'Retry-After': '3600' } })
  }
  const [id, token] = [newId(), newSecret()]
  const row = { id, workspace_id: workspaceId, email, role, token_hash: hashOfSecret(token), invited_by: caller.userId }
  await insertInvitation(trx, row)
  const invitation = await findInvitation(trx, workspaceId, id)
  if (!invitation) throw notFound()
  const target = { type: 'invitation', id } as const
  await audit(trx, { action: 'invitation.created', workspaceId, target, details: { email, role } })
  return { invitation, workspaceName: name, token }
}
