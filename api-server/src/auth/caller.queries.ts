import { asUser } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'
import type { Caller, SessionCaller, TokenCaller } from '../http/authenticate.ts'
import { unauthenticated } from '../http/problem.ts'

/**
 * Runs a transaction for the caller, under row-level security, after checking that the user and the session, or the
 * personal access token, still stand: a sign-out takes effect with the next request, not with the token's end.
 * @throws Problem 401
 */
export function asCaller<T>(db: Database, caller: Caller, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  return asUser(db, caller.userId, async (trx) => {
    if (!(await isStanding(trx, caller))) throw unauthenticated('invalid')
    return work(trx)
  })
}

async function isStanding(trx: Transaction<DB>, caller: Caller): Promise<boolean> {
  return caller.kind === 'session' ? isSessionStanding(trx, caller) : isTokenStanding(trx, caller)
}

async function isTokenStanding(trx: Transaction<DB>, { userId, tokenId }: TokenCaller): Promise<boolean> {
  const row = await trx
    .selectFrom('personal_access_tokens as t')
    .innerJoin('users', 'users.id', 't.user_id')
    .select('t.id')
    .where('t.id', '=', tokenId)
    .where('t.user_id', '=', userId)
    .where((is) => is.or([is('t.expires_at', 'is', null), is('t.expires_at', '>', sql<Date>`now()`)]))
    .where('users.deleted_at', 'is', null)
    .executeTakeFirst()
  return row !== undefined
}

async function isSessionStanding(trx: Transaction<DB>, { userId, sessionId }: SessionCaller): Promise<boolean> {
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
