import { newId } from '@mdcreator/shared/ids'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { Problem, type ProblemType, problemTypes } from '../http/problem.ts'
import { insertAccount } from './auth.queries.ts'
import { SignupBody, SignupReply, Tokens, VerifyEmailBody } from './auth.schema.ts'
import { type AuthDeps, issueTokens, sessionFor } from './deps.ts'
import { findPendingPassword, keepSignUp, verifyEmail } from './email-codes.queries.ts'
import { badCode, refusedCode } from './email-codes.ts'
import { mails } from './mails.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { refuse } from './throttle.ts'
import { toUser } from './user.ts'

const emailTaken: ProblemType = { slug: 'email-taken', status: 409, title: 'The e-mail address has an account' }

export function signupEndpoints(deps: AuthDeps): Endpoint[] {
  const { config, db, throttle, codes, networkOf } = deps
  return [
    endpoint({
      method: 'post',
      path: '/auth/signup',
      operationId: 'signup',
      tag: 'Auth',
      summary: 'Make an account and sign in',
      description:
        'Where the server wants e-mail addresses to be confirmed, the answer has no tokens, the same for any address, and a 6-digit code is mailed: send it to `/auth/verify-email`. Signing up again mails a new one.',
      auth: 'public',
      request: { body: SignupBody },
      status: 201,
      response: SignupReply,
      problems: [emailTaken, problemTypes.busy, problemTypes.tooManyRequests],
      handle: async ({ body, req }) => {
        if (config.emailVerification === 'required') return { body: await signUpUnverified(deps, body, networkOf(req)) }
        const { session, refreshToken } = sessionFor(req, deps)
        const passwordHash = await hashPassword(body.password)
        const user = { id: newId(), email: body.email, displayName: body.display_name, passwordHash }
        const account = await insertAccount(db, user, session)
        // Without a mail to the address there is no other way to say so; EMAIL_VERIFICATION=required hides it.
        if (!account) throw new Problem(emailTaken, 'This e-mail address has an account: sign in instead')
        const tokens = await issueTokens(deps, { userId: account.id, sessionId: session.id, refreshToken })
        return { body: { user: toUser(account), ...tokens } }
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/verify-email',
      operationId: 'verifyEmail',
      tag: 'Auth',
      summary: 'Confirm the e-mail address with the code that was mailed, and sign in',
      description:
        'The code is good for 15 minutes and five tries. Sign up again for another; an account that is there already gets one by signing in.',
      auth: 'public',
      request: { body: VerifyEmailBody },
      response: Tokens,
      problems: [badCode, problemTypes.tooManyRequests],
      handle: async ({ body: { email, code }, req }) => {
        const network = networkOf(req)
        await throttle.showingCode(network)
        const { session, refreshToken } = sessionFor(req, deps)
        const hash = await codes.hash('verification', email, code)
        const account = await verifyEmail(db, { email, hash }, session)
        if (!account) throw refusedCode()
        await throttle.showedCode(email, network)
        return { body: await issueTokens(deps, { userId: account.id, sessionId: session.id, refreshToken }) }
      },
    }),
  ]
}

/** The same answer and the same work for every address; the mail tells its owner. */
async function signUpUnverified(
  { db, throttle, codes, mailer }: AuthDeps,
  { email, password, display_name }: { email: string; password: string; display_name: string },
  network: string,
) {
  refuse([await throttle.mailing(email, network)])
  const pending = await findPendingPassword(db, email)
  const isSame = await verifyPassword(password, pending)
  const user = { id: newId(), email, displayName: display_name, passwordHash: await hashPassword(password) }
  const code = await codes.make('verification', email)
  const { isTaken } = await keepSignUp(db, { ...user, samePassword: isSame ? pending : null }, code)
  mailer.send(isTaken ? mails.alreadySignedUp(email) : mails.verification(email, code.code))
  const now = new Date()
  return {
    user: toUser({ id: user.id, email, display_name, avatar_url: null, created_at: now, updated_at: now }),
    verification_required: true as const,
  }
}
