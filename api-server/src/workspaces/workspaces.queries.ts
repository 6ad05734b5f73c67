import type { DB } from '@mdcreator/db/database'
import { type Kysely, sql, type Transaction } from 'kysely'
import { audit } from '../audit/index.ts'
import type { Key } from '../http/page.ts'

/** Microseconds: what tells one state of a workspace from the next. */
const revision = (column: string) => sql<string>`(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint::text`

/** A living workspace of the user, with the user's role in it and the exact moment that lists sort by. */
const visible = (db: Kysely<DB>, userId: string) =>
  db
    .selectFrom('workspaces as w')
    .innerJoin('workspace_members as m', 'm.workspace_id', 'w.id')
    .select(['w.id', 'w.name', 'm.role', 'w.created_by', 'w.created_at', 'w.updated_at'])
    .select(sql<string>`w.created_at::text`.as('sort_key'))
    .select(revision('w.updated_at').as('revision'))
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

/** The query for a living workspace of the user. */
export const workspaceQuery = (db: Kysely<DB>, userId: string, id: string) => visible(db, userId).where('w.id', '=', id)

export function findWorkspace(trx: Transaction<DB>, userId: string, id: string): Promise<WorkspaceRow | undefined> {
  return workspaceQuery(trx, userId, id).executeTakeFirst()
}

/** Takes a name, or the tombstone. */
export type WorkspaceChange = { name: string } | { deleted_at: typeof now }

/** The database's clock: those of the servers differ. */
export const now = sql<Date>`now()`

/**
 * False where it is gone already, where it is no longer of the revision that is given, or where the caller may not:
 * row-level security looks.
 */
export async function updateWorkspace(
  trx: Transaction<DB>,
  id: string,
  expected: string | undefined,
  change: WorkspaceChange,
): Promise<boolean> {
  let query = trx.updateTable('workspaces').set(change).where('id', '=', id).where('deleted_at', 'is', null)
  if (expected !== undefined) query = query.where(revision('updated_at'), '=', expected)
  const result = await query.executeTakeFirst()
  if (result.numUpdatedRows === 0n) return false
  if ('deleted_at' in change) {
    await audit(trx, { action: 'workspace.deleted', workspaceId: id, target: { type: 'workspace', id } })
  }
  return true
}

/** Makes another member the owner and the owner an administrator; only the owner can. */
export async function transferWorkspace(
  trx: Transaction<DB>,
  workspaceId: string,
  heirId: string,
): Promise<'done' | 'not-owner' | 'no-member'> {
  const result = await sql<{ outcome: 'done' | 'not-owner' | 'no-member' }>`
    select transfer_workspace(${workspaceId}, ${heirId}) as outcome`.execute(trx)
  const outcome = result.rows[0]?.outcome ?? 'not-owner'
  if (outcome === 'done') {
    const target = { type: 'user', id: heirId } as const
    await audit(trx, { action: 'workspace.transferred', workspaceId, target })
  }
  return outcome
}

/** Makes others who change or delete the workspace wait for this transaction. False where it is gone. */
export async function lockWorkspace(trx: Transaction<DB>, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('workspaces')
    .select('id')
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row !== undefined
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
  const { id } = workspace
  await audit(trx, { action: 'workspace.created', workspaceId: id, target: { type: 'workspace', id } })
  return true
}
