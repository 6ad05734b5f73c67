import { hashOfSecret, newSecret } from '@mdcreator/shared/secret'
import { type BrowserReply, type Endpoint, endpoint } from '../../http/endpoint.ts'
import { Problem, problemTypes } from '../../http/problem.ts'
import type { AuthDeps } from '../deps.ts'
import { checkPassword, refusedSignIn } from '../sign-in.ts'
import { insertAuthorizationCode } from './authorization.queries.ts'
import { AuthorizeForm, AuthorizeQuery } from './authorization.schema.ts'
import { type AuthorizationRequest, readAuthorization } from './authorization-request.ts'
import { withParameters } from './redirect-uri.ts'
import { isSameOrigin } from './same-origin.ts'
import { complaintPage, pageHeaders, signInPage } from './sign-in-page.ts'

const codeLifetimeMs = 60_000

/** Signing in to an app through the browser: RFC 6749, section 4.1, with PKCE (RFC 7636), as RFC 8252 has it. */
export function authorizationEndpoints(deps: AuthDeps): Endpoint[] {
  const { config, db, networkOf } = deps
  const refuse = (status: number, text: string): BrowserReply => ({
    page: complaintPage(text),
    status,
    headers: pageHeaders(),
  })
  const read = (parameters: Record<string, unknown>): { request: AuthorizationRequest } | { refusal: BrowserReply } => {
    const reading = readAuthorization(parameters, config.oauth, config.issuer)
    if ('complaint' in reading) return { refusal: refuse(400, reading.complaint) }
    return 'redirect' in reading ? { refusal: { redirect: reading.redirect } } : reading
  }

  return [
    endpoint({
      method: 'get',
      path: '/auth/authorize',
      operationId: 'authorize',
      tag: 'Auth',
      summary: 'The page on which somebody signs in to an app',
      description:
        'An app opens it in the browser (RFC 6749, section 4.1, with PKCE; RFC 8252). PKCE with S256 and `state` are required. Where the app or its address is not known, nobody is sent anywhere.',
      auth: 'public',
      request: { query: AuthorizeQuery },
      browser: {
        redirect: 'Back to the app, with `error`',
        pages: { 200: 'The page', 400: 'The app, or where it wants to be answered, is not known' },
      },
      handle: async ({ query }) => {
        const reading = read(query)
        if ('refusal' in reading) return reading.refusal
        return { page: signInPage(reading.request), headers: pageHeaders(reading.request) }
      },
    }),
    endpoint({
      method: 'post',
      path: '/auth/authorize',
      operationId: 'signInToApp',
      tag: 'Auth',
      summary: 'What that page sends',
      description: 'Taken from that page only: a form on the page of somebody else is refused.',
      auth: 'public',
      request: { body: AuthorizeForm },
      bodyTypes: ['application/x-www-form-urlencoded'],
      bodyLimit: 16_384,
      problems: [problemTypes.busy],
      browser: {
        redirect: 'Back to the app, with a `code` that is good once, for 60 s; or with `error`',
        pages: {
          400: 'The app, or where it wants to be answered, is not known',
          403: 'The page again: the sign-in was refused',
          429: 'The page again: too many tries',
        },
      },
      handle: async ({ body: { email, password, ...parameters }, req }) => {
        if (!isSameOrigin(req, config.publicUrl)) return refuse(403, 'This form was not sent from its own page.')
        const reading = read(parameters)
        if ('refusal' in reading) return reading.refusal
        const { request } = reading
        try {
          const credentials = await checkPassword(deps, { email, password, network: networkOf(req) })
          const code = newSecret()
          const kept = { ...request, hash: hashOfSecret(code), expiresAt: new Date(Date.now() + codeLifetimeMs) }
          if (!(await insertAuthorizationCode(db, credentials, kept))) throw refusedSignIn()
          const { redirectUri, state } = request
          return { redirect: withParameters(redirectUri, { code, state, iss: config.issuer }) }
        } catch (error) {
          if (!(error instanceof Problem) || error.type.status >= 500) throw error
          return again(request, email, error)
        }
      },
    }),
  ]
}

/** The page again. 403 in place of 401: what is to be done is on the page, not in a header. */
function again(request: AuthorizationRequest, email: string, { type, message, extras }: Problem): BrowserReply {
  const retryAfter = extras.headers?.['Retry-After']
  const minutes = Math.ceil(Number(retryAfter) / 60)
  const complaint = retryAfter ? `Too many tries. Wait ${minutes} min, then try again.` : `${message}.`
  return {
    page: signInPage(request, { email, complaint }),
    status: retryAfter ? type.status : 403,
    headers: { ...pageHeaders(request), ...(retryAfter && { 'Retry-After': retryAfter }) },
  }
}
