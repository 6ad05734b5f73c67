import type { DB } from '@mdcreator/db/database'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Key } from '../http/page.ts'

const summary = [
  'd.id',
  'd.workspace_id',
  'd.title',
  'd.doc_type',
  'd.content_hash',
  'd.yjs_clock',
  'd.version',
  'd.created_by',
  'd.updated_by',
  'd.created_at',
  'd.updated_at',
  'd.deleted_at',
  'm.role',
] as const

/** Documents, deleted ones too, in living workspaces of the user, with the user's role. */
const visible = (db: Kysely<DB>, userId: string) =>
  db
    .selectFrom('documents as d')
    .innerJoin('workspaces as w', 'w.id', 'd.workspace_id')
    .innerJoin('workspace_members as m', 'm.workspace_id', 'd.workspace_id')
    .select(summary)
    .where('m.user_id', '=', userId)
    .where('w.deleted_at', 'is', null)

const byId = (db: Kysely<DB>, userId: string, id: string) =>
  visible(db, userId).select('d.content').where('d.id', '=', id)

export type DocumentRow = NonNullable<Awaited<ReturnType<typeof findDocument>>>
export type SummaryRow = Omit<DocumentRow, 'content'>

/** The query for a living document. */
export const documentQuery = (db: Kysely<DB>, userId: string, id: string) =>
  byId(db, userId, id).where('d.deleted_at', 'is', null)

/** A living document. */
export function findDocument(trx: Transaction<DB>, userId: string, id: string) {
  return documentQuery(trx, userId, id).executeTakeFirst()
}

/** A living document without its text: for what only needs to know that it is there, and the caller's role. */
export function findSummary(trx: Transaction<DB>, userId: string, id: string): Promise<SummaryRow | undefined> {
  return visible(trx, userId).where('d.id', '=', id).where('d.deleted_at', 'is', null).executeTakeFirst()
}

/** A document, wherever it is: for bringing it back from the trash. */
export function findDeletedOrLiving(
  trx: Transaction<DB>,
  userId: string,
  id: string,
): Promise<DocumentRow | undefined> {
  return byId(trx, userId, id).executeTakeFirst()
}

export type ListOptions = {
  workspaceId: string
  deleted: boolean
  sort: 'title' | 'updated_at'
  order: 'asc' | 'desc'
  after: Key | undefined
  limit: number
}

/** The query for a list. `sort_key` is the exact value of the column that it is sorted by. */
export function documentsQuery(db: Kysely<DB>, userId: string, options: ListOptions) {
  const { sort, order } = options
  const column = sql.ref(`d.${sort}`)
  let query = visible(db, userId)
    .select(sql<string>`${column}::text`.as('sort_key'))
    .where('d.workspace_id', '=', options.workspaceId)
    .where('d.deleted_at', options.deleted ? 'is not' : 'is', null)
  if (options.after) {
    const [key, id] = options.after
    const comparison = sql.raw(order === 'asc' ? '>' : '<')
    const type = sql.raw(sort === 'title' ? 'text' : 'timestamptz')
    query = query.where(sql<boolean>`(${column}, d.id) ${comparison} (${key}::${type}, ${id}::uuid)`)
  }
  return query.orderBy(column, order).orderBy('d.id', order).limit(options.limit)
}

export type NewDocumentRow = {
  id: string
  workspace_id: string
  title: string
  doc_type: 'markdown' | 'mindmap'
  content: string
  plain_text: string
  word_count: number
  created_by: string
  updated_by: string
}

/** False where the id is taken, by whomever. */
export async function insertDocument(trx: Transaction<DB>, document: NewDocumentRow): Promise<boolean> {
  const result = await trx
    .insertInto('documents')
    .values(document)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** The database's clock: those of the servers differ. */
export const now = sql<Date>`now()`

/** What the row must still be for a change to happen: of several that ask for the same, one wins. */
export type Expected = { version?: number | undefined; content_hash?: string | undefined }

/** What can be changed without the live document; `deleted_at: null` brings it back from the trash. */
export type Change = { updated_by: string } & ({ title: string } | { deleted_at: typeof now | null })

/**
 * False where the document is gone (for one that is to be brought back: where it is not in the trash), or no longer as
 * expected.
 */
export async function updateDocument(
  trx: Transaction<DB>,
  id: string,
  expected: Expected,
  change: Change,
): Promise<boolean> {
  const isRestoring = 'deleted_at' in change && change.deleted_at === null
  let query = trx
    .updateTable('documents')
    .set(change)
    .where('id', '=', id)
    .where('deleted_at', isRestoring ? 'is not' : 'is', null)
  if (expected.version !== undefined) query = query.where('version', '=', expected.version)
  if (expected.content_hash !== undefined) query = query.where('content_hash', '=', expected.content_hash)
  const result = await query.executeTakeFirst()
  return result.numUpdatedRows === 1n
}
