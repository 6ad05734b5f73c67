import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { newId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { announce } from '../announce.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { Problem, type ProblemType, problemTypes, unauthenticated } from '../http/problem.ts'
import {
  findCredentials,
  insertAccount,
  openSession,
  recordRefusedSignIn,
  revokeSession,
  rotateRefreshToken,
} from './auth.queries.ts'
import { LoginBody, RefreshBody, SignupBody, SignupReply, Tokens } from './auth.schema.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { newRefreshToken, newSession, readRefreshToken } from './sessions.ts'
import { accessTokenLifetime, type TokenSigner } from './signing-keys.ts'
import { toUser } from './user.ts'

const emailTaken: ProblemType = { slug: 'email-taken', status: 409, title: 'The e-mail address has an account' }
const badCredentials: ProblemType = { slug: 'bad-credentials', status: 401, title: 'The sign-in was refused' }
const badRefreshToken: ProblemType = { slug: 'bad-refresh-token', status: 401, title: 'The session has ended' }

/** 401 needs a challenge (RFC 9110, section 15.5.2), also where it is a body that was refused. */
const challenge = { 'WWW-Authenticate': 'Bearer realm="mdcreator"' }

type Deps = { db: Database; bus: Bus; log: Logger; signer: TokenSigner }

export function authEndpoints({ db, bus, log, signer }: Deps): Endpoint[] {
  const tokens = async (userId: string, sessionId: string, refreshToken: string): Promise<Tokens> => ({
    access_token: await signer.sign(userId, sessionId),
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: accessTokenLifetime,
  })

  return [
    endpoint({
      method: 'post',
      path: '/auth/signup',
      operationId: 'signup',
      tag: 'Auth',
      summary: 'Make an account and sign in',
      description: 'The tokens are good at once. One e-mail address has one account; capitals do not matter.',
      auth: 'public',
      request: { body: SignupBody },
      status: 201,
      response: SignupReply,
      problems: [emailTaken, problemTypes.busy],
      handle: async ({ body, req }) => {
        const { session, refreshToken } = newSession(req.get('User-Agent'))
        const passwordHash = await hashPassword(body.password)
        const user = { id: newId(), email: body.email, displayName: body.display_name, passwordHash }
        const account = await insertAccount(db, user, session)
        // Without a mail to the address there is no other way to say so; EMAIL_VERIFICATION=required hides it.
        if (!account) throw new Problem(emailTaken, 'This e-mail address has an account: sign in instead')
        return { body: { user: toUser(account), ...(await tokens(account.id, session.id, refreshToken)) } }
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/login',
      operationId: 'login',
      tag: 'Auth',
      summary: 'Sign in',
      description:
        'Each sign-in is a session of its own, with its own refresh token. No answer tells whether an address has an account.',
      auth: 'public',
      request: { body: LoginBody },
      response: Tokens,
      problems: [badCredentials, problemTypes.busy],
      handle: async ({ body, req }) => {
        const found = await findCredentials(db, body.email)
        const isRight = await verifyPassword(body.password, found?.password_hash)
        const { session, refreshToken } = newSession(req.get('User-Agent'))
        if (!found || !isRight || !(await openSession(db, found, session))) {
          await recordRefusedSignIn(db, found?.id)
          throw new Problem(badCredentials, 'The e-mail address or the password is wrong', { headers: challenge })
        }
        return { body: await tokens(found.id, session.id, refreshToken) }
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/refresh',
      operationId: 'refresh',
      tag: 'Auth',
      summary: 'Exchange a refresh token for a new pair',
      description:
        'Each refresh token is good once. One that is shown again ends its whole session, with every token of it.',
      auth: 'public',
      request: { body: RefreshBody },
      response: Tokens,
      problems: [badRefreshToken],
      handle: async ({ body }) => {
        const refused = new Problem(badRefreshToken, 'The refresh token is not valid: sign in again', {
          headers: challenge,
        })
        const given = readRefreshToken(body.refresh_token)
        if (!given) throw refused
        const next = newRefreshToken(given.sessionId)
        const session = await rotateRefreshToken(db, given, next)
        if (session?.revoked_at) {
          log.warn({ session: given.sessionId }, 'a used refresh token was shown: session ended')
          await announce(bus, log, { session_id: given.sessionId, user_id: session.user_id })
        }
        if (!session || session.revoked_at) throw refused
        return { body: await tokens(session.user_id, given.sessionId, next.token) }
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/logout',
      operationId: 'logout',
      tag: 'Auth',
      summary: 'End the session',
      description:
        'Its access token and its refresh token stop working at once; open editors are closed within a second.',
      auth: 'session',
      handle: async ({ caller }) => {
        if (!(await revokeSession(db, caller.userId, caller.sessionId))) throw unauthenticated('invalid')
        await announce(bus, log, { session_id: caller.sessionId, user_id: caller.userId })
        return {}
      },
    }),
  ]
}
