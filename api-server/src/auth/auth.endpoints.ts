import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { problemTypes } from '../http/problem.ts'
import { openSession } from './auth.queries.ts'
import { LoginBody, RefreshBody, Tokens } from './auth.schema.ts'
import { type AuthDeps, issueTokens, sessionFor } from './deps.ts'
import { badRefreshToken, refreshSession } from './refresh.ts'
import { badCredentials, checkPassword, emailUnverified, refusedSignIn } from './sign-in.ts'

export function authEndpoints(deps: AuthDeps): Endpoint[] {
  const { db, networkOf } = deps
  return [
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
      problems: [badCredentials, emailUnverified, problemTypes.busy, problemTypes.tooManyRequests],
      handle: async ({ body, req }) => {
        const credentials = await checkPassword(deps, { ...body, network: networkOf(req) })
        const { session, refreshToken } = sessionFor(req, deps)
        if (!(await openSession(db, credentials, session))) throw refusedSignIn()
        return { body: await issueTokens(deps, { userId: credentials.id, sessionId: session.id, refreshToken }) }
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
      handle: async ({ body }) => ({ body: await refreshSession(deps, { token: body.refresh_token }) }),
    }),
  ]
}
