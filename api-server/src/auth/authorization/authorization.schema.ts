import { z } from 'zod'
import { text } from '../../http/schema.ts'
import { AnyPassword } from '../auth.schema.ts'

/** Read by hand: whoever reads it wants a page, or to be sent back to the app, not a problem in JSON. */
const parameter = (example: string, description?: string) =>
  z
    .unknown()
    .optional()
    .meta({ override: { type: 'string' }, example, ...(description && { description }) })

const authorization = {
  response_type: parameter('code'),
  client_id: parameter('mdcreator-desktop'),
  redirect_uri: parameter('http://127.0.0.1:52011/callback', 'One of the list, on a loopback address with any port'),
  state: parameter('af0ifjsldkj', 'Required; comes back as it is'),
  code_challenge: parameter('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'RFC 7636, section 4.2'),
  code_challenge_method: parameter('S256'),
}

/** What is not known is ignored (RFC 6749, section 3.1). */
export const AuthorizeQuery = z.object({
  ...authorization,
  response_mode: parameter('query'),
  login_hint: parameter('ada@example.com'),
})

export const AuthorizeForm = z
  .strictObject({
    ...authorization,
    email: text().trim().toLowerCase().max(254).meta({ format: 'email', example: 'ada@example.com' }),
    password: AnyPassword.meta({ format: 'password' }),
  })
  .meta({ id: 'AuthorizeForm' })

const value = (example: string) => text().max(500).optional().meta({ example })

/** What is not known is ignored (RFC 6749, section 3.2). */
export const TokenRequest = z
  .object({
    grant_type: value('authorization_code').meta({ description: '`authorization_code` or `refresh_token`' }),
    client_id: value('mdcreator-desktop'),
    code: value('pQ4vZ0f2Jt8nRk1yXw6cHb3sLd9mGa5uTe7iKo0jWqE'),
    redirect_uri: value('http://127.0.0.1:52011/callback'),
    code_verifier: value('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'),
    refresh_token: value('01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d13.tP3sXG0bqTQ5mFh2V8lJYw1d9ZkRc7uNaE4oBiLxH6M'),
  })
  .meta({ id: 'TokenRequest' })
export type TokenRequest = z.output<typeof TokenRequest>

/** The members of an error (RFC 6749, section 5.2). */
export const OAuthErrorMembers = {
  error: z.enum(['invalid_request', 'invalid_client', 'invalid_grant', 'unsupported_grant_type']),
  error_description: z.string().meta({ example: 'The code is not valid' }),
}
