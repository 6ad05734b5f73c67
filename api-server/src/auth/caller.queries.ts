import { asUser } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'
import type { Caller } from '../http/authenticate.ts'
import { unauthenticated } from '../http/problem.ts'

/**
 * Runs a transaction for the caller, under row-level security, after checking that the user and the session still
 * stand: a sign-out takes effect with the next request, not with the token's end.
 * @throws Problem 401
 */
export function asCaller<T>(db: Database, caller: Caller, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  return asUser(db, caller.userId, async (trx) => {
    if (!(await isStanding(trx, caller.userId, caller.sessionId))) throw unauthenticated('invalid')
    return work(trx)
  })
}

async function isStanding(trx: Transaction<DB>, userId: string, sessionId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.id')
    .where('sessions.id', '=', sessionId)
    .where('sessions.user_id', '=', userId)
    .where('sessions.revoked_at', 'is', null)
    .where('sessions.expires_at', '>', sql<Date>`now()`)
    .where('users.deleted_at', 'is', null)
    .executeTakeFirst()
  return row !== undefined
}
