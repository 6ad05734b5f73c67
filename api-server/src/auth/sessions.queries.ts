import type { DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'
import { audit } from '../audit/index.ts'

/** The acting user's living sessions; ids sort by time. */
export function listSessions(trx: Transaction<DB>, { limit, after }: { limit: number; after: string | undefined }) {
  let query = trx
    .selectFrom('sessions')
    .select(['id', 'user_agent', 'network', 'client_id', 'created_at', 'refreshed_at', 'expires_at'])
    .where('user_id', '=', sql<string>`app_user_id()`)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
  if (after !== undefined) query = query.where('id', '<', after)
  return query.orderBy('id', 'desc').limit(limit).execute()
}

/** False where the user has no such living session. The transaction can do nothing else afterwards but commit. */
export async function endOwnSession(trx: Transaction<DB>, userId: string, sessionId: string): Promise<boolean> {
  await sql`set local role mdcreator_auth`.execute(trx)
  const result = await trx
    .updateTable('sessions')
    .set({ revoked_at: sql<Date>`now()` })
    .where('id', '=', sessionId)
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) return false
  await audit(trx, { action: 'session.ended', actorId: userId, target: { type: 'session', id: sessionId } })
  return true
}
