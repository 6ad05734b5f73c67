import { sql, type Transaction } from 'kysely'
import type { Database, DB } from './database.ts'

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
