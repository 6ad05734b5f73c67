import { asAuthenticator } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { type Selectable, sql, type Transaction } from 'kysely'
import { hasPassword, insertSession, type NewSession } from '../auth.queries.ts'

export type NewAuthorizationCode = {
  hash: Buffer
  clientId: string
  redirectUri: string
  codeChallenge: string
  expiresAt: Date
}

/** Keeps a code where the password hash is still the one that was checked; false where it is not. */
export function insertAuthorizationCode(
  db: Database,
  user: { id: string; password_hash: string | null },
  code: NewAuthorizationCode,
): Promise<boolean> {
  return asAuthenticator(db, async (trx) => {
    if (!(await hasPassword(trx, user))) return false
    await trx
      .insertInto('authorization_codes')
      .values({
        code_hash: code.hash,
        user_id: user.id,
        client_id: code.clientId,
        redirect_uri: code.redirectUri,
        code_challenge: code.codeChallenge,
        expires_at: code.expiresAt,
      })
      .execute()
    return true
  })
}

type Row = Pick<Selectable<DB['authorization_codes']>, 'client_id' | 'redirect_uri' | 'code_challenge'>

export type Redemption =
  | { outcome: 'opened'; userId: string }
  | { outcome: 'refused' }
  /** It was shown before; the session that it gave then has ended just now. */
  | { outcome: 'replayed'; userId: string; sessionId: string | null }

/**
 * Opens a session for a code, once. Shown to us it is spent, whether it was shown rightly or not: whoever else has it has
 * no business with it. Shown again, it ends the session that it gave (RFC 6749, section 4.1.2). Those who show it at the
 * same time wait for each other.
 */
export function redeemCode(
  db: Database,
  hash: Buffer,
  isRightful: (code: Row) => boolean,
  session: NewSession,
): Promise<Redemption> {
  return asAuthenticator(db, async (trx) => {
    const row = await trx
      .selectFrom('authorization_codes')
      .select(['user_id', 'client_id', 'redirect_uri', 'code_challenge', 'used_at', 'session_id'])
      .select(sql<boolean>`expires_at > now()`.as('is_fresh'))
      .where('code_hash', '=', hash)
      .forUpdate()
      .executeTakeFirst()
    if (!row) return { outcome: 'refused' }
    if (row.used_at) {
      await endSession(trx, row.session_id)
      return { outcome: 'replayed', userId: row.user_id, sessionId: row.session_id }
    }
    const isGood = row.is_fresh && isRightful(row) && (await lives(trx, row.user_id))
    if (isGood) await insertSession(trx, row.user_id, session)
    await trx
      .updateTable('authorization_codes')
      .set({ used_at: sql<Date>`now()`, session_id: isGood ? session.id : null })
      .where('code_hash', '=', hash)
      .execute()
    return isGood ? { outcome: 'opened', userId: row.user_id } : { outcome: 'refused' }
  })
}

async function lives(trx: Transaction<DB>, userId: string): Promise<boolean> {
  const user = trx.selectFrom('users').select('id').where('id', '=', userId).where('deleted_at', 'is', null)
  return (await user.forShare().executeTakeFirst()) !== undefined
}

async function endSession(trx: Transaction<DB>, sessionId: string | null): Promise<void> {
  if (sessionId === null) return
  await trx
    .updateTable('sessions')
    .set({ revoked_at: sql<Date>`now()` })
    .where('id', '=', sessionId)
    .where('revoked_at', 'is', null)
    .execute()
}
