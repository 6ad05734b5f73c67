import { type Compilable, sql, type Transaction } from 'kysely'
import { Batch, type Row } from './batch.ts'
import { type Database, type DB, poolOf, typeParsers } from './database.ts'

/** A transaction, for code that passes it on and knows no SQL. */
export type UserTransaction = Transaction<DB>

/**
 * Runs a transaction for one user: row-level security lets it see and change what that user may. The setting is local
 * to the transaction, so nothing leaks through the pool. Outside of such a transaction the API's role sees no row.
 */
export function asUser<T>(db: Database, userId: string, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select set_config('app.user_id', ${userId}, true)`.execute(trx)
    return work(trx)
  })
}

/**
 * Reads for one user, in one round trip: the queries run in one transaction of their own, in which row-level security
 * lets them see what that user may. Gives the rows of each query. A query whose right depends on what another one finds
 * is run all the same, and what it found must then be thrown away.
 */
export async function readAsUser<R extends unknown[]>(
  db: Database,
  userId: string,
  queries: { readonly [K in keyof R]: Compilable<R[K]> },
): Promise<{ [K in keyof R]: R[K][] }> {
  const client = await poolOf(db).connect()
  let isBroken = true
  try {
    const [, ...rows] = await new Promise<Row[][]>((resolve, reject) => {
      const statements = [{ sql: actAs, parameters: [userId] }, ...queries.map((query) => query.compile())]
      client.query(new Batch(statements, typeParsers, (error, all) => (error ? reject(error) : resolve(all ?? []))))
    })
    isBroken = false
    return rows as { [K in keyof R]: R[K][] }
  } finally {
    // What was prepared by a batch that failed is not known.
    client.release(isBroken)
  }
}

const actAs = `select set_config('app.user_id', $1, true), set_config('transaction_read_only', 'on', true)`

/** Runs a transaction that may read and write accounts, sessions and signing keys, and nothing else: sign-up and sign-in. */
export function asAuthenticator<T>(db: Database, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`set local role mdcreator_auth`.execute(trx)
    return work(trx)
  })
}

/** Runs a transaction of a job (`maintenance.ts`): it deletes what is old and keeps sums, and reads no text. */
export function asJob<T>(db: Database, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`set local role mdcreator_jobs`.execute(trx)
    return work(trx)
  })
}
