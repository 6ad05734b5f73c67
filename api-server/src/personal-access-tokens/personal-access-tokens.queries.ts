import { asUser } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import type { Scope } from '@mdcreator/shared/scopes'
import { type Selectable, sql, type Transaction } from 'kysely'
import type { Key } from '../http/page.ts'

const columns = ['id', 'name', 'scopes', 'last_four', 'expires_at', 'last_used_at', 'created_at'] as const
export type TokenRow = Pick<Selectable<DB['personal_access_tokens']>, (typeof columns)[number]>

export type NewToken = {
  id: string
  user_id: string
  name: string
  token_hash: Buffer
  last_four: string
  scopes: Scope[]
  expires_at: Date | null
}

/** Undefined where the user has as many as anybody may have. */
export async function insertToken(trx: Transaction<DB>, token: NewToken, max: number): Promise<TokenRow | undefined> {
  // Of those who make one at the same time each counts the others'.
  await trx.selectFrom('users').select('id').where('id', '=', token.user_id).forNoKeyUpdate().execute()
  const { n } = await trx
    .selectFrom('personal_access_tokens')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('user_id', '=', token.user_id)
    .executeTakeFirstOrThrow()
  if (n >= max) return undefined
  return trx.insertInto('personal_access_tokens').values(token).returning(columns).executeTakeFirstOrThrow()
}

/** The newest first; those that have expired too. */
export function listTokens(
  trx: Transaction<DB>,
  userId: string,
  page: { after: Key | undefined; limit: number },
): Promise<(TokenRow & { sort_key: string })[]> {
  let query = trx
    .selectFrom('personal_access_tokens')
    .select(columns)
    .select(sql<string>`created_at::text`.as('sort_key'))
    .where('user_id', '=', userId)
  if (page.after) {
    const [createdAt, id] = page.after
    query = query.where(sql<boolean>`(created_at, id) < (${createdAt}::timestamptz, ${id}::uuid)`)
  }
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(page.limit).execute()
}

/** False where the user has no such token. */
export async function deleteToken(trx: Transaction<DB>, userId: string, id: string): Promise<boolean> {
  const result = await trx
    .deleteFrom('personal_access_tokens')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** Notes that the token is in use, unless that was done less than a minute ago. */
export async function noteUse(db: Database, { userId, tokenId }: { userId: string; tokenId: string }): Promise<void> {
  await asUser(db, userId, (trx) =>
    trx
      .updateTable('personal_access_tokens')
      .set({ last_used_at: sql<Date>`now()` })
      .where('id', '=', tokenId)
      .where(sql<boolean>`coalesce(last_used_at < now() - interval '1 minute', true)`)
      .execute(),
  )
}
