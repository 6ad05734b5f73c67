import { asAuthenticator } from '@mdcreator/db/as-user'
import type { Database, DB } from '@mdcreator/db/database'
import { foreignUserId } from '@mdcreator/shared/foreign-tokens'
import { type ExpressionBuilder, sql } from 'kysely'

export type NewForeignUser = { issuer: string; subject: string; email: string | null; displayName: string }

const ofPerson =
  ({ issuer, subject }: Pick<NewForeignUser, 'issuer' | 'subject'>) =>
  (is: ExpressionBuilder<DB, 'users'>) =>
    is.and([
      is('issuer', '=', issuer),
      is.or([is('subject', '=', subject), is('subject', '=', sql<string>`sha256_hex(${subject})`)]),
    ])

/** True where there is an account for the person, or was one that is deleted. */
export function isKnown(db: Database, person: Pick<NewForeignUser, 'issuer' | 'subject'>): Promise<boolean> {
  return asAuthenticator(db, async (trx) => {
    const row = await trx.selectFrom('users').select('id').where(ofPerson(person)).limit(1).executeTakeFirst()
    return row !== undefined
  })
}

/** Makes the account, unless there is one; without the e-mail address where another account has it. */
export function insertForeignUser(db: Database, user: NewForeignUser): Promise<void> {
  const { issuer, subject, displayName: display_name } = user
  return asAuthenticator(db, async (trx) => {
    for (const email of user.email === null ? [null] : [user.email, null]) {
      const result = await trx
        .insertInto('users')
        .values({
          id: foreignUserId(issuer, subject),
          issuer,
          subject,
          email,
          email_verified_at: email === null ? null : new Date(),
          display_name,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (result.numInsertedOrUpdatedRows === 1n) return
    }
  })
}

/** True where the session was ended here. */
export function isEnded(db: Database, sessionId: string): Promise<boolean> {
  return asAuthenticator(db, async (trx) => {
    const row = await trx.selectFrom('sessions').select('revoked_at').where('id', '=', sessionId).executeTakeFirst()
    return row?.revoked_at != null
  })
}

/** Ends every session of the issuer's account with the address; the user's id, or undefined where there is none. */
export function endSessionsAt(db: Database, issuer: string, email: string): Promise<string | undefined> {
  return asAuthenticator(db, async (trx) => {
    const user = await trx
      .selectFrom('users')
      .select('id')
      .where('issuer', '=', issuer)
      .where('email', '=', email)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (!user) return undefined
    await trx
      .updateTable('sessions')
      .set({ revoked_at: sql<Date>`now()` })
      .where('user_id', '=', user.id)
      .where('revoked_at', 'is', null)
      .execute()
    return user.id
  })
}
