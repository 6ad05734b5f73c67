import type { DB } from '@mdcreator/db/database'
import type { Role } from '@mdcreator/shared/roles'
import { sql, type Transaction } from 'kysely'
import type { Key } from '../http/page.ts'

const membersOf = (trx: Transaction<DB>, workspaceId: string) =>
  trx
    .selectFrom('workspace_members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['m.workspace_id', 'm.user_id', 'u.display_name', 'u.avatar_url', 'm.role', 'm.created_at'])
    .select(sql<string>`m.created_at::text`.as('sort_key'))
    .where('m.workspace_id', '=', workspaceId)

export type MemberRow = Awaited<ReturnType<typeof listMembers>>[number]

/** Those who came first, first. */
export function listMembers(
  trx: Transaction<DB>,
  workspaceId: string,
  page: { after: Key | undefined; limit: number },
) {
  let query = membersOf(trx, workspaceId)
  if (page.after) {
    const [createdAt, userId] = page.after
    query = query.where(sql<boolean>`(m.created_at, m.user_id) > (${createdAt}::timestamptz, ${userId}::uuid)`)
  }
  return query.orderBy('m.created_at').orderBy('m.user_id').limit(page.limit).execute()
}

export function findMember(trx: Transaction<DB>, workspaceId: string, userId: string): Promise<MemberRow | undefined> {
  return membersOf(trx, workspaceId).where('m.user_id', '=', userId).executeTakeFirst()
}

/** False where there is no such member any more, or the caller may no longer change the role: row-level security looks. */
export async function updateRole(
  trx: Transaction<DB>,
  workspaceId: string,
  userId: string,
  role: Role,
): Promise<boolean> {
  const result = await trx
    .updateTable('workspace_members')
    .set({ role })
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** False where there is no such member any more, or the caller may no longer remove them: row-level security looks. */
export async function deleteMember(trx: Transaction<DB>, workspaceId: string, userId: string): Promise<boolean> {
  const result = await trx
    .deleteFrom('workspace_members')
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}
