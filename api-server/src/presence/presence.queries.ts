import type { DB } from '@mdcreator/db/database'
import type { Transaction } from 'kysely'

/** Members of the document's workspace who were in it, the latest first. */
export function listLastHere(trx: Transaction<DB>, documentId: string, page: { without: string[]; limit: number }) {
  let query = trx
    .selectFrom('presence as p')
    .innerJoin('documents as d', 'd.id', 'p.document_id')
    .innerJoin('workspace_members as m', (join) =>
      join.onRef('m.workspace_id', '=', 'd.workspace_id').onRef('m.user_id', '=', 'p.user_id'),
    )
    .innerJoin('users as u', 'u.id', 'p.user_id')
    .select(['u.id', 'u.display_name', 'u.avatar_url', 'p.last_seen_at'])
    .where('p.document_id', '=', documentId)
  if (page.without.length > 0) query = query.where('p.user_id', 'not in', page.without)
  return query.orderBy('p.last_seen_at', 'desc').orderBy('p.user_id').limit(page.limit).execute()
}
