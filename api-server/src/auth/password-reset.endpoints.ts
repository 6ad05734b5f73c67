import { announce } from '../announce.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { problemTypes } from '../http/problem.ts'
import { ForgotPasswordBody, ResetPasswordBody } from './auth.schema.ts'
import type { AuthDeps } from './deps.ts'
import { keepCode, resetPassword } from './email-codes.queries.ts'
import { badCode, refusedCode } from './email-codes.ts'
import { mails } from './mails.ts'
import { hashPassword } from './passwords.ts'

export function passwordResetEndpoints({ db, bus, log, mailer, codes, throttle, networkOf }: AuthDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/auth/forgot-password',
      operationId: 'forgotPassword',
      tag: 'Auth',
      summary: 'Have a code mailed that sets a new password',
      description:
        'The answer is the same for every address. A new code replaces the one before; after five in an hour the last one stays good.',
      auth: 'public',
      request: { body: ForgotPasswordBody },
      status: 202,
      problems: [problemTypes.tooManyRequests],
      handle: async ({ body: { email }, req }) => {
        const { isAllowed } = await throttle.mailing(email, networkOf(req))
        if (!isAllowed) return {}
        const code = await codes.make('password-reset', email)
        const { isKnown } = await keepCode(db, { email, purpose: 'password-reset' }, code)
        if (isKnown) mailer.send(mails.passwordReset(email, code.code))
        return {}
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/reset-password',
      operationId: 'resetPassword',
      tag: 'Auth',
      summary: 'Set a new password with the code that was mailed',
      description: 'The code is good once, for an hour. Every session of the account ends; sign in anew.',
      auth: 'public',
      request: { body: ResetPasswordBody },
      problems: [badCode, problemTypes.busy, problemTypes.tooManyRequests],
      handle: async ({ body: { email, code, password }, req }) => {
        const network = networkOf(req)
        await throttle.showingCode(network)
        const [hash, passwordHash] = [await codes.hash('password-reset', email, code), await hashPassword(password)]
        const userId = await resetPassword(db, { email, hash, passwordHash })
        if (!userId) throw refusedCode()
        await throttle.showedCode(email, network)
        mailer.send(mails.passwordChanged(email))
        await announce(bus, log, { user_id: userId })
        return {}
      },
    }),
  ]
}
