import type { Endpoint } from '../http/endpoint.ts'
import { authEndpoints } from './auth.endpoints.ts'
import { authorizationEndpoints } from './authorization/authorization.endpoints.ts'
import { tokenEndpoints } from './authorization/token.endpoints.ts'
import { type AuthOptions, authDeps } from './deps.ts'
import { passwordResetEndpoints } from './password-reset.endpoints.ts'
import { signupEndpoints } from './signup.endpoints.ts'

/** What only the local issuer has: with another one, people sign up and sign in there. */
export function localEndpoints(options: AuthOptions): Endpoint[] {
  const deps = authDeps(options)
  return [
    ...signupEndpoints(deps),
    ...authEndpoints(deps),
    ...passwordResetEndpoints(deps),
    ...authorizationEndpoints(deps),
    ...tokenEndpoints(deps),
  ]
}
