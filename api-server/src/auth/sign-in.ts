import type { Database } from '@mdcreator/db/database'
import type { Config } from '@mdcreator/shared/config'
import { Problem, type ProblemType } from '../http/problem.ts'
import type { Mailer } from '../mail/index.ts'
import { findCredentials, recordRefusedSignIn } from './auth.queries.ts'
import { keepCode } from './email-codes.queries.ts'
import type { EmailCodes } from './email-codes.ts'
import { mails } from './mails.ts'
import { verifyPassword } from './passwords.ts'
import type { Throttle } from './throttle.ts'

export const badCredentials: ProblemType = { slug: 'bad-credentials', status: 401, title: 'The sign-in was refused' }
export const emailUnverified: ProblemType = {
  slug: 'email-unverified',
  status: 403,
  title: 'The e-mail address must be confirmed first',
}

/** 401 needs a challenge (RFC 9110, section 15.5.2), also where it is a body that was refused. */
export const challenge = { 'WWW-Authenticate': 'Bearer realm="mdcreator"' }

export type SignInDeps = { config: Config; db: Database; mailer: Mailer; codes: EmailCodes; throttle: Throttle }

/** An account whose password was right, as it was then. */
export type Credentials = { id: string; password_hash: string | null }

/**
 * Checks a password. The work is the same whether there is such an account or not, up to the point where the password
 * is right.
 * @throws Problem 401; 403 for an address that must be confirmed, with a new code on its way; 429, also for the right one
 */
export async function checkPassword(
  { config, db, mailer, codes, throttle }: SignInDeps,
  { email, password, network }: { email: string; password: string; network: string },
): Promise<Credentials> {
  await throttle.signingIn(email, network)
  const found = await findCredentials(db, email, network)
  const isStranger = !found?.knows_network
  if (isStranger) await throttle.signingInAsStranger(email)
  if (!(await verifyPassword(password, found?.password_hash)) || !found) {
    await recordRefusedSignIn(db, found?.id)
    throw refusedSignIn()
  }
  await throttle.signedIn(email, network, isStranger)
  if (config.emailVerification === 'off' || found.email_verified_at !== null) return found
  if ((await throttle.mailing(email, network)).isAllowed) {
    const code = await codes.make('verification', email)
    await keepCode(db, { email, purpose: 'verification' }, code)
    mailer.send(mails.verification(email, code.code))
  }
  throw new Problem(emailUnverified, 'Confirm your e-mail address with the code that was mailed to you')
}

export const refusedSignIn = (): Problem =>
  new Problem(badCredentials, 'The e-mail address or the password is wrong', { headers: challenge })
