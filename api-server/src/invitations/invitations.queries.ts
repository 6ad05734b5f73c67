import type { Database, DB } from '@mdcreator/db/database'
import type { Role } from '@mdcreator/shared/roles'
import { sql, type Transaction } from 'kysely'
import type { Key } from '../http/page.ts'

export type GrantableRole = Exclude<Role, 'owner'>
export type State = 'open' | 'accepted' | 'revoked' | 'expired' | 'void'

/** Those of a workspace that were neither used nor taken back, with the exact moment that the list sorts by. */
const waitingIn = (trx: Transaction<DB>, workspaceId: string) =>
  trx
    .selectFrom('invitations as i')
    .where('i.workspace_id', '=', workspaceId)
    .where('i.accepted_at', 'is', null)
    .where('i.revoked_at', 'is', null)

const withState = (trx: Transaction<DB>, workspaceId: string) =>
  waitingIn(trx, workspaceId)
    .select(['i.id', 'i.workspace_id', 'i.email', 'i.invited_by', 'i.created_at', 'i.expires_at'])
    .select((eb) => eb.ref('i.role').$castTo<GrantableRole>().as('role'))
    .select(sql<'open' | 'expired' | 'void'>`invitation_state(i.id)`.as('state'))
    .select(sql<string>`i.created_at::text`.as('sort_key'))

export type InvitationRow = Awaited<ReturnType<typeof listInvitations>>[number]

/** The newest first. */
export function listInvitations(
  trx: Transaction<DB>,
  workspaceId: string,
  page: { after: Key | undefined; limit: number },
) {
  let query = withState(trx, workspaceId)
  if (page.after) {
    const [createdAt, id] = page.after
    query = query.where(sql<boolean>`(i.created_at, i.id) < (${createdAt}::timestamptz, ${id}::uuid)`)
  }
  return query.orderBy('i.created_at', 'desc').orderBy('i.id', 'desc').limit(page.limit).execute()
}

export function findInvitation(trx: Transaction<DB>, workspaceId: string, id: string) {
  return withState(trx, workspaceId).where('i.id', '=', id).executeTakeFirst()
}

/** How many are waiting in the workspace, and how many the user has sent in the last 24 h, wherever. */
export async function countInvitations(trx: Transaction<DB>, workspaceId: string, userId: string) {
  const waiting = await waitingIn(trx, workspaceId)
    .where('i.expires_at', '>', sql<Date>`now()`)
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .executeTakeFirstOrThrow()
  const sent = await trx
    .selectFrom('invitations')
    .where('invited_by', '=', userId)
    .where('created_at', '>', sql<Date>`now() - interval '24 hours'`)
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .executeTakeFirstOrThrow()
  return { waiting: Number(waiting.n), sent: Number(sent.n) }
}

/** Whether a member has this e-mail. */
export async function isMember(trx: Transaction<DB>, workspaceId: string, email: string): Promise<boolean> {
  const row = await trx
    .selectFrom('workspace_members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select('m.user_id')
    .where('m.workspace_id', '=', workspaceId)
    .where('u.email', '=', email)
    .executeTakeFirst()
  return row !== undefined
}

/** Takes back what waits for this id or e-mail; false where nothing does, or the caller may not. */
export async function revokeInvitation(
  trx: Transaction<DB>,
  workspaceId: string,
  which: { id: string } | { email: string },
): Promise<boolean> {
  let query = trx
    .updateTable('invitations')
    .set({ revoked_at: sql<Date>`now()` })
    .where('workspace_id', '=', workspaceId)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
  query = 'id' in which ? query.where('id', '=', which.id) : query.where('email', '=', which.email)
  const result = await query.executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export type NewInvitationRow = {
  id: string
  workspace_id: string
  email: string
  role: GrantableRole
  token_hash: Buffer
  invited_by: string
}

export async function insertInvitation(trx: Transaction<DB>, row: NewInvitationRow): Promise<void> {
  await trx.insertInto('invitations').values(row).execute()
}

export type Preview = {
  workspace_name: string
  invited_by_name: string
  email: string
  role: GrantableRole
  expires_at: Date
  state: State
}

/** What the link shows. No user is needed: who has the token has the mail. */
export async function previewInvitation(db: Database, tokenHash: Buffer): Promise<Preview | undefined> {
  const result = await sql<Preview>`select * from find_invitation(${tokenHash})`.execute(db)
  return result.rows[0]
}

export type Acceptance = {
  workspace_id: string
  role: GrantableRole
  outcome: 'joined' | 'member' | 'other-email' | 'unverified' | State
}

/**
 * Makes the acting user a member where the invitation is good and meant for them; undefined where there is none.
 * `verifiedOnly`: the account must have proven its e-mail address.
 */
export async function acceptInvitation(
  trx: Transaction<DB>,
  tokenHash: Buffer,
  verifiedOnly: boolean,
): Promise<Acceptance | undefined> {
  const result = await sql<Acceptance>`select * from accept_invitation(${tokenHash}, ${verifiedOnly})`.execute(trx)
  return result.rows[0]
}
