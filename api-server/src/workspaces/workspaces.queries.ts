import type { DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'
import type { Key } from '../http/page.ts'

/** A living workspace of the user, with the user's role in it and the exact moment that lists sort by. */
const visible = (trx: Transaction<DB>, userId: string) =>
  trx
    .selectFrom('workspaces as w')
    .innerJoin('workspace_members as m', 'm.workspace_id', 'w.id')
    .select(['w.id', 'w.name', 'm.role', 'w.created_by', 'w.created_at', 'w.updated_at'])
    .select(sql<string>`w.created_at::text`.as('sort_key'))
    .where('m.user_id', '=', userId)
    .where('w.deleted_at', 'is', null)

export type WorkspaceRow = Awaited<ReturnType<typeof listWorkspaces>>[number]

/** The newest first. */
export function listWorkspaces(trx: Transaction<DB>, userId: string, page: { after: Key | undefined; limit: number }) {
  let query = visible(trx, userId)
  if (page.after) {
    const [createdAt, id] = page.after
    query = query.where(sql<boolean>`(w.created_at, w.id) < (${createdAt}::timestamptz, ${id}::uuid)`)
  }
  return query.orderBy('w.created_at', 'desc').orderBy('w.id', 'desc').limit(page.limit).execute()
}

export function findWorkspace(trx: Transaction<DB>, userId: string, id: string): Promise<WorkspaceRow | undefined> {
  return visible(trx, userId).where('w.id', '=', id).executeTakeFirst()
}

/** False where it is gone already, or the caller is no longer its owner: row-level security looks. */
export async function deleteWorkspace(trx: Transaction<DB>, id: string): Promise<boolean> {
  const result = await trx
    .updateTable('workspaces')
    .set({ deleted_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Makes a workspace with its owner; false where the id is taken. */
export async function insertWorkspace(
  trx: Transaction<DB>,
  workspace: { id: string; name: string; created_by: string },
): Promise<boolean> {
  const result = await trx
    .insertInto('workspaces')
    .values(workspace)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  if (result.numInsertedOrUpdatedRows === 0n) return false
  await trx
    .insertInto('workspace_members')
    .values({ workspace_id: workspace.id, user_id: workspace.created_by, role: 'owner' })
    .execute()
  return true
}
