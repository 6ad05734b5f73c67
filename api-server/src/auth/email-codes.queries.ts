import { asAuthenticator } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { newId } from '@mdcreator/shared/ids'
import { sql, type Transaction } from 'kysely'
import { audit } from '../audit/index.ts'
import { type Account, accountColumns, insertSession, type NewSession } from './auth.queries.ts'
import { type CodePurpose, hashOfNoCode, isSameHash, type NewCode } from './email-codes.ts'

/** The password of a sign-up that waits for its code; the sign-up may be over. */
export async function findPendingPassword(db: Database, email: string): Promise<string | null> {
  const row = await asAuthenticator(db, (trx) =>
    trx
      .selectFrom('email_codes')
      .select('password_hash')
      .where('email', '=', email)
      .where('purpose', '=', 'verification')
      .executeTakeFirst(),
  )
  return row?.password_hash ?? null
}

type SignUp = {
  id: string
  email: string
  displayName: string
  passwordHash: string
  /** The password that was pending, where it is the same one. */
  samePassword: string | null
}

/**
 * Keeps a sign-up until its code comes back; `isTaken` where the address has an account: then nothing that counts is
 * kept, with the same work. While a code is good, a second sign-up with another password takes the password away: who
 * shows the code is let in, and no stranger's password stays behind (docs/adr/0012).
 */
export function keepSignUp(db: Database, user: SignUp, code: NewCode): Promise<{ isTaken: boolean }> {
  return asAuthenticator(db, async (trx) => {
    const isTaken = (await findLiving(trx, user.email)) !== undefined
    const kept = isTaken
      ? { code_hash: hashOfNoCode(), password_hash: null, display_name: null }
      : { code_hash: code.hash, password_hash: user.passwordHash, display_name: user.displayName }
    await trx
      .insertInto('email_codes')
      .values({
        ...{ email: user.email, purpose: 'verification', user_id: user.id, ...kept },
        ...{ tries_left: code.triesLeft, expires_at: code.expiresAt },
      })
      .onConflict((conflict) =>
        conflict.columns(['email', 'purpose']).doUpdateSet((eb) => ({
          user_id: eb.ref('excluded.user_id'),
          code_hash: eb.ref('excluded.code_hash'),
          tries_left: eb.ref('excluded.tries_left'),
          expires_at: eb.ref('excluded.expires_at'),
          display_name: eb.ref('excluded.display_name'),
          password_hash: sql<string | null>`case
            when email_codes.expires_at > now() and email_codes.display_name is not null
              and (email_codes.password_hash = ${user.samePassword}::text) is not true
            then null else excluded.password_hash end`,
        })),
      )
      .execute()
    return { isTaken }
  })
}

/** Keeps a code for the account of an address, in place of the one before. The same work where there is none. */
export function keepCode(
  db: Database,
  { email, purpose }: { email: string; purpose: CodePurpose },
  code: NewCode,
): Promise<{ isKnown: boolean }> {
  return asAuthenticator(db, async (trx) => {
    const user = await findLiving(trx, email)
    const isKnown = user?.issuer === 'local'
    const kept = {
      user_id: user?.id ?? newId(),
      code_hash: isKnown ? code.hash : hashOfNoCode(),
      tries_left: code.triesLeft,
      expires_at: code.expiresAt,
      password_hash: null,
      display_name: null,
    }
    await trx
      .insertInto('email_codes')
      .values({ email, purpose, ...kept })
      .onConflict((conflict) => conflict.columns(['email', 'purpose']).doUpdateSet(kept))
      .execute()
    return { isKnown }
  })
}

/** Opens a session for whoever shows the code of an address, and makes the account that was signed up for. */
export function verifyEmail(
  db: Database,
  { email, hash }: { email: string; hash: Buffer },
  session: NewSession,
): Promise<Account | undefined> {
  return asAuthenticator(db, async (trx) => {
    const row = await useCode(trx, { email, purpose: 'verification', hash })
    if (!row) return undefined
    const account = row.display_name === null ? await markVerified(trx, row) : await makeAccount(trx, row)
    if (!account) return undefined
    if (row.display_name !== null) {
      await audit(trx, { action: 'account.created', actorId: account.id, target: { type: 'user', id: account.id } })
    }
    await insertSession(trx, account.id, session)
    return account
  })
}

/** Sets the password for whoever shows the code, and ends every session; gives the user's id. */
export function resetPassword(
  db: Database,
  { email, hash, passwordHash }: { email: string; hash: Buffer; passwordHash: string },
): Promise<string | undefined> {
  return asAuthenticator(db, async (trx) => {
    const row = await useCode(trx, { email, purpose: 'password-reset', hash })
    if (!row) return undefined
    const result = await trx
      .updateTable('users')
      .set({ password_hash: passwordHash, email_verified_at: sql<Date>`coalesce(email_verified_at, now())` })
      .where('id', '=', row.user_id)
      .where('email', '=', email)
      .where('issuer', '=', 'local')
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (result.numUpdatedRows === 0n) return undefined
    const now = sql<Date>`now()`
    await trx
      .updateTable('sessions')
      .set({ revoked_at: now })
      .where('user_id', '=', row.user_id)
      .where('revoked_at', 'is', null)
      .execute()
    await trx.deleteFrom('authorization_codes').where('user_id', '=', row.user_id).execute()
    const target = { type: 'user', id: row.user_id } as const
    await audit(trx, { action: 'account.password_reset', actorId: row.user_id, target })
    return row.user_id
  })
}

/** Takes one try, and the code itself where it is the right one. Those who try at the same time wait for each other. */
async function useCode(
  trx: Transaction<DB>,
  { email, purpose, hash }: { email: string; purpose: CodePurpose; hash: Buffer },
) {
  const row = await trx
    .updateTable('email_codes')
    .set({ tries_left: sql<number>`tries_left - 1` })
    .where('email', '=', email)
    .where('purpose', '=', purpose)
    .where('tries_left', '>', 0)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning(['email', 'user_id', 'code_hash', 'password_hash', 'display_name'])
    .executeTakeFirst()
  if (!row || !isSameHash(row.code_hash, hash)) return undefined
  await trx.deleteFrom('email_codes').where('email', '=', email).where('purpose', '=', purpose).execute()
  return row
}

type Pending = { email: string; user_id: string; password_hash: string | null; display_name: string | null }

function makeAccount(trx: Transaction<DB>, row: Pending): Promise<Account | undefined> {
  return trx
    .insertInto('users')
    .values({
      id: row.user_id,
      subject: row.user_id,
      email: row.email,
      password_hash: row.password_hash,
      display_name: row.display_name ?? '',
      email_verified_at: sql<Date>`now()`,
    })
    .onConflict((conflict) => conflict.column('email').where('deleted_at', 'is', null).doNothing())
    .returning(accountColumns)
    .executeTakeFirst()
}

function markVerified(trx: Transaction<DB>, row: Pending): Promise<Account | undefined> {
  return trx
    .updateTable('users')
    .set({ email_verified_at: sql<Date>`now()` })
    .where('id', '=', row.user_id)
    .where('email', '=', row.email)
    .where('issuer', '=', 'local')
    .where('deleted_at', 'is', null)
    .returning(accountColumns)
    .executeTakeFirst()
}

function findLiving(trx: Transaction<DB>, email: string) {
  return trx
    .selectFrom('users')
    .select(['id', 'issuer'])
    .where('email', '=', email)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
}
