import { asAuthenticator } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { type Selectable, sql, type Transaction } from 'kysely'
import { audit } from '../audit/index.ts'

export type Account = Pick<
  Selectable<DB['users']>,
  'id' | 'email' | 'display_name' | 'avatar_url' | 'created_at' | 'updated_at'
>
export const accountColumns = ['id', 'email', 'display_name', 'avatar_url', 'created_at', 'updated_at'] as const

export type NewSession = {
  id: string
  refreshTokenHash: Buffer
  userAgent: string | null
  network: string
  /** The OAuth client that it is for; null where there is none. */
  clientId: string | null
  expiresAt: Date
}

/** The new account and its first session, or undefined where the e-mail is taken. */
export function insertAccount(
  db: Database,
  user: { id: string; email: string; passwordHash: string; displayName: string },
  session: NewSession,
): Promise<Account | undefined> {
  return asAuthenticator(db, async (trx) => {
    const account = await trx
      .insertInto('users')
      .values({
        id: user.id,
        subject: user.id,
        email: user.email,
        password_hash: user.passwordHash,
        display_name: user.displayName,
      })
      .onConflict((conflict) => conflict.column('email').where('deleted_at', 'is', null).doNothing())
      .returning(accountColumns)
      .executeTakeFirst()
    if (!account) return undefined
    await audit(trx, { action: 'account.created', actorId: account.id, target: { type: 'user', id: account.id } })
    await insertSession(trx, account.id, session)
    return account
  })
}

/**
 * Writes down a sign-in that was refused, of an account or of none. What was typed as the e-mail address is not kept: it
 * may be a password in the wrong field.
 */
export function recordRefusedSignIn(db: Database, userId: string | undefined): Promise<void> {
  const target = userId === undefined ? {} : { target: { type: 'user' as const, id: userId } }
  return asAuthenticator(db, (trx) => audit(trx, { action: 'session.refused', actorId: null, ...target }))
}

/** `knows_network`: the account was opened from there before. */
export function findCredentials(db: Database, email: string, network: string) {
  return asAuthenticator(db, (trx) =>
    trx
      .selectFrom('users')
      .select(['id', 'password_hash', 'email_verified_at'])
      .select(({ exists, selectFrom }) =>
        exists(
          selectFrom('sessions')
            .select('sessions.id')
            .whereRef('sessions.user_id', '=', 'users.id')
            .where('sessions.network', '=', network),
        )
          .$castTo<boolean>()
          .as('knows_network'),
      )
      .where('email', '=', email)
      .where('deleted_at', 'is', null)
      .where('issuer', '=', 'local')
      .executeTakeFirst(),
  )
}

/** The hash of the user's password; null for accounts of other issuers. */
export async function findPasswordHash(db: Database, userId: string): Promise<string | null> {
  const row = await asAuthenticator(db, (trx) =>
    trx.selectFrom('users').select('password_hash').where('id', '=', userId).executeTakeFirstOrThrow(),
  )
  return row.password_hash
}

/**
 * Makes a tombstone of an account and ends its sessions: the row stays, for what the user wrote, and nothing personal
 * stays in it; the e-mail may be used again. False where the account is gone, or its password no longer the one that
 * was checked. The transaction can do nothing else afterwards but commit.
 */
export async function closeAccount(
  trx: Transaction<DB>,
  user: { id: string; password_hash: string | null },
): Promise<boolean> {
  await sql`set local role mdcreator_auth`.execute(trx)
  const result = await trx
    .updateTable('users')
    .set({
      // Whom another issuer vouches for is to be refused, and not to be named.
      subject: sql<string>`case when issuer = 'local' then id::text else sha256_hex(subject) end`,
      email: `${user.id}@deleted.invalid`,
      display_name: 'Deleted user',
      password_hash: null,
      avatar_url: null,
      deleted_at: sql<Date>`now()`,
    })
    .where('id', '=', user.id)
    .where('password_hash', 'is not distinct from', user.password_hash)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) return false
  await trx.deleteFrom('personal_access_tokens').where('user_id', '=', user.id).execute()
  await trx
    .updateTable('sessions')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())`, user_agent: null, network: null })
    .where('user_id', '=', user.id)
    .execute()
  return true
}

/** Opens a session where the password hash is still the one that was checked; false where it is not. */
export function openSession(
  db: Database,
  user: { id: string; password_hash: string | null },
  session: NewSession,
): Promise<boolean> {
  return asAuthenticator(db, async (trx) => {
    const isUnchanged = await hasPassword(trx, user)
    if (isUnchanged) await insertSession(trx, user.id, session)
    return isUnchanged
  })
}

/** Whether the account lives, with that password; both stay so until the transaction ends. */
export async function hasPassword(
  trx: Transaction<DB>,
  user: { id: string; password_hash: string | null },
): Promise<boolean> {
  const row = await trx
    .selectFrom('users')
    .select('id')
    .where('id', '=', user.id)
    .where('password_hash', '=', user.password_hash)
    .where('deleted_at', 'is', null)
    .forShare()
    .executeTakeFirst()
  return row !== undefined
}

export async function insertSession(trx: Transaction<DB>, userId: string, session: NewSession): Promise<void> {
  await trx
    .insertInto('sessions')
    .values({
      id: session.id,
      user_id: userId,
      refresh_token_hash: session.refreshTokenHash,
      user_agent: session.userAgent,
      network: session.network,
      client_id: session.clientId,
      expires_at: session.expiresAt,
    })
    .execute()
  await audit(trx, { action: 'session.opened', actorId: userId, target: { type: 'session', id: session.id } })
}

/**
 * Exchanges the one good refresh token of a session for another, or revokes the session where any other token is shown
 * (RFC 9700, section 4.14.2: a thief and its victim cannot both go on). One statement: of those who show the same token
 * at once the first wins, and the others then find it used. Returns undefined where there is no such living session,
 * or it is for another client than the one that is named.
 */
export function rotateRefreshToken(
  db: Database,
  given: { sessionId: string; hash: Buffer; clientId?: string },
  next: { hash: Buffer; expiresAt: Date },
): Promise<{ user_id: string; revoked_at: Date | null } | undefined> {
  return asAuthenticator(db, async (trx) => {
    const result = await sql<{ user_id: string; revoked_at: Date | null }>`
      update sessions set
        revoked_at = case when refresh_token_hash = ${given.hash} then null else now() end,
        previous_token_hash = case when refresh_token_hash = ${given.hash} then refresh_token_hash else previous_token_hash end,
        refresh_token_hash = case when refresh_token_hash = ${given.hash} then ${next.hash}::bytea else refresh_token_hash end,
        refreshed_at = case when refresh_token_hash = ${given.hash} then now() else refreshed_at end,
        expires_at = case when refresh_token_hash = ${given.hash} then ${next.expiresAt}::timestamptz else expires_at end
      where id = ${given.sessionId} and revoked_at is null and expires_at > now()
        and (${given.clientId ?? null}::text is null or client_id = ${given.clientId ?? null})
        and exists (select from users where users.id = sessions.user_id and users.deleted_at is null)
      returning user_id, revoked_at`.execute(trx)
    const session = result.rows[0]
    if (session?.revoked_at) {
      const target = { type: 'session', id: given.sessionId } as const
      await audit(trx, { action: 'session.token_reused', actorId: session.user_id, target })
    }
    return session
  })
}

/** False where the user has no such living session. */
export function revokeSession(db: Database, userId: string, sessionId: string): Promise<boolean> {
  return asAuthenticator(db, async (trx) => {
    const result = await trx
      .updateTable('sessions')
      .set({ revoked_at: sql<Date>`now()` })
      .where('id', '=', sessionId)
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    if (result.numUpdatedRows === 0n) return false
    await audit(trx, { action: 'session.ended', actorId: userId, target: { type: 'session', id: sessionId } })
    return true
  })
}
