import type { DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'

/** The longest answer that is kept, in bytes of UTF-8; the table has the same limit. */
export const maxBodyBytes = 1024 * 1024

const lifetime = sql<Date>`now() - interval '24 hours'`

export type KeptAnswer = {
  fingerprint: Buffer
  status: number
  /** Null where it was too large. */
  body: string | null
  etag: string | null
  location: string | null
}

/** Locks the key until the end of the transaction; false where another request with it is in progress. */
export async function lockKey(trx: Transaction<DB>, userId: string, key: string): Promise<boolean> {
  const name = `idempotency ${userId} ${key}`
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as locked`.execute(trx)
  return rows[0]?.locked ?? false
}

export function findAnswer(trx: Transaction<DB>, userId: string, key: string): Promise<KeptAnswer | undefined> {
  return trx
    .selectFrom('idempotency_keys')
    .select(['fingerprint', 'status', 'body', 'etag', 'location'])
    .where('user_id', '=', userId)
    .where('key', '=', key)
    .where('created_at', '>', lifetime)
    .executeTakeFirst()
}

export async function keepAnswer(trx: Transaction<DB>, userId: string, key: string, answer: KeptAnswer): Promise<void> {
  await trx
    .deleteFrom('idempotency_keys')
    .where('user_id', '=', userId)
    .where('key', '=', key)
    .where('created_at', '<=', lifetime)
    .execute()
  await trx
    .insertInto('idempotency_keys')
    .values({ user_id: userId, key, ...answer })
    .execute()
}
