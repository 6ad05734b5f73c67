import { asAuthenticator } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import type { JWK } from 'jose'
import { sql, type Transaction } from 'kysely'

/** jsonb columns of signing_keys; `private_jwk` holds `d`. */
export type KeyPair = { kid: string; public_jwk: JWK; private_jwk: JWK }

/** Any number; that every server asks for the same one is what matters. */
const signingKeyLock = 7_301_001

/** The key that signs now; made where there is none, once, however many ask at the same time. */
export function ensureSigningKey(db: Database, make: () => Promise<KeyPair>): Promise<KeyPair> {
  return asAuthenticator(db, async (trx) => {
    const found = await newestKey(trx)
    if (found) return found
    await sql`select pg_advisory_xact_lock(${signingKeyLock})`.execute(trx)
    const madeMeanwhile = await newestKey(trx)
    if (madeMeanwhile) return madeMeanwhile
    const pair = await make()
    const row = {
      kid: pair.kid,
      public_jwk: JSON.stringify(pair.public_jwk),
      private_jwk: JSON.stringify(pair.private_jwk),
    }
    await trx.insertInto('signing_keys').values(row).execute()
    return pair
  })
}

async function newestKey(trx: Transaction<DB>): Promise<KeyPair | undefined> {
  const row = await trx
    .selectFrom('signing_keys')
    .select(['kid', 'public_jwk', 'private_jwk'])
    .where('retired_at', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row as KeyPair | undefined
}

export function oldestSigningKey(db: Database): Promise<KeyPair> {
  return asAuthenticator(db, async (trx) => {
    const keys = trx.selectFrom('signing_keys').select(['kid', 'public_jwk', 'private_jwk'])
    return (await keys.orderBy('created_at').orderBy('kid').limit(1).executeTakeFirstOrThrow()) as KeyPair
  })
}
