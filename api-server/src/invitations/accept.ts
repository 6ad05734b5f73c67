import type { Database } from '@mdcreator/db/database'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { audit } from '../audit/index.ts'
import { asCaller, emailUnverified } from '../auth/index.ts'
import type { Caller } from '../http/authenticate.ts'
import { notFound, Problem, type ProblemType } from '../http/problem.ts'
import {
  acceptInvitation,
  type GrantableRole,
  type Preview,
  previewInvitation,
  type State,
} from './invitations.queries.ts'
import { Gone } from './invitations.schema.ts'
import { alreadyMember } from './invite.ts'

export const invitationGone: ProblemType = {
  slug: 'invitation-gone',
  status: 410,
  title: 'The invitation is no longer good',
  members: Gone,
}
export const otherEmail: ProblemType = { slug: 'other-email', status: 403, title: 'It is for another e-mail address' }
const reasons: Record<Exclude<State, 'open'>, string> = {
  accepted: 'It has been used',
  revoked: 'It was taken back, or replaced by another',
  expired: 'It has expired: ask for another',
  void: 'Whoever invited you may not do so any more: ask for another',
}

/** @throws Problem 404, 410 */
export async function preview(db: Database, token: string): Promise<Preview> {
  const found = await previewInvitation(db, hashOfSecret(token))
  if (!found) throw notFound()
  checkState(found.state)
  return found
}

/**
 * Makes the caller a member.
 * @throws Problem 403 for another address, 404, 409 for a member, 410
 */
export async function accept(
  db: Database,
  caller: Caller,
  token: string,
  verifiedOnly: boolean,
): Promise<{ workspace_id: string; role: GrantableRole }> {
  const found = await asCaller(db, caller, async (trx) => {
    const row = await acceptInvitation(trx, hashOfSecret(token), verifiedOnly)
    if (row?.outcome === 'joined') {
      const target = { type: 'user', id: caller.userId } as const
      await audit(trx, {
        action: 'invitation.accepted',
        workspaceId: row.workspace_id,
        target,
        details: { role: row.role },
      })
    }
    return row
  })
  if (!found) throw notFound()
  const { workspace_id, role, outcome } = found
  if (outcome === 'joined') return { workspace_id, role }
  if (outcome === 'member') throw new Problem(alreadyMember, 'You are a member of this workspace already')
  if (outcome === 'other-email') {
    throw new Problem(otherEmail, 'Sign in with the account that has the e-mail address which was invited')
  }
  if (outcome === 'unverified') throw new Problem(emailUnverified, 'Verify your e-mail address first')
  checkState(outcome)
  throw notFound()
}

function checkState(state: State): void {
  if (state !== 'open') throw new Problem(invitationGone, reasons[state], { members: { state } })
}
