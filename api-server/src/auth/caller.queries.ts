import { asUser, readAsUser } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { type Compilable, type Kysely, sql, type Transaction } from 'kysely'
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

/**
 * The same for what only reads, in a single round trip: gives the rows of each query. The queries must not depend on each
 * other; what the caller may see of what they find is for `permit` to say afterwards, as ever.
 * @throws Problem 401
 */
export async function readAsCaller<R extends unknown[]>(
  db: Database,
  caller: Caller,
  ...queries: { readonly [K in keyof R]: Compilable<R[K]> }
): Promise<{ [K in keyof R]: R[K][] }> {
  const [standing, ...rows] = await readAsUser<[unknown, ...R]>(db, caller.userId, [
    findStanding(db, caller),
    ...queries,
  ])
  if (standing.length === 0) throw unauthenticated('invalid')
  return rows as { [K in keyof R]: R[K][] }
}

async function isStanding(trx: Transaction<DB>, caller: Caller): Promise<boolean> {
  return (await findStanding(trx, caller).executeTakeFirst()) !== undefined
}

/** A row where the caller's session or token, and their account, still stand. */
const findStanding = (db: Kysely<DB>, caller: Caller) =>
  caller.kind === 'session' ? findSession(db, caller) : findToken(db, caller)

const findToken = (db: Kysely<DB>, { userId, tokenId }: TokenCaller) =>
  db
    .selectFrom('personal_access_tokens as t')
    .innerJoin('users', 'users.id', 't.user_id')
    .select('t.id')
    .where('t.id', '=', tokenId)
    .where('t.user_id', '=', userId)
    .where((is) => is.or([is('t.expires_at', 'is', null), is('t.expires_at', '>', sql<Date>`now()`)]))
    .where('users.deleted_at', 'is', null)

const findSession = (db: Kysely<DB>, { userId, sessionId }: SessionCaller) =>
  db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.id')
    .where('sessions.id', '=', sessionId)
    .where('sessions.user_id', '=', userId)
    .where('sessions.revoked_at', 'is', null)
    .where('sessions.expires_at', '>', sql<Date>`now()`)
    .where('users.deleted_at', 'is', null)
