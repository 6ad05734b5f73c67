import type { OAuthConfig } from '@mdcreator/shared/config'
import { isAllowedRedirect, withParameters } from './redirect-uri.ts'

/** What an app asks for, checked (RFC 6749, section 4.1.1; RFC 7636, section 4.3). */
export type AuthorizationRequest = {
  clientId: string
  redirectUri: string
  state: string
  codeChallenge: string
  /** What to write into the field of the e-mail address. */
  loginHint: string
}

/** A request; or where to send the browser with an error; or, where nobody is to be trusted with it, what to show. */
export type Reading = { request: AuthorizationRequest } | { redirect: string } | { complaint: string }

/**
 * Reads the parameters of an authorization request. Who asks and where the answer goes are checked first: an error is
 * sent to no address that is not in the list (RFC 6749, section 4.1.2.1).
 */
export function readAuthorization(parameters: Record<string, unknown>, oauth: OAuthConfig, issuer: string): Reading {
  const read = (name: string): string | undefined => {
    const value = parameters[name]
    return typeof value === 'string' && value.length <= 500 && value.isWellFormed() && !value.includes('\0')
      ? value
      : undefined
  }
  const clientId = read('client_id')
  const redirectUri = read('redirect_uri')
  if (clientId !== oauth.clientId) return { complaint: 'This app is not known here.' }
  if (redirectUri === undefined || !isAllowedRedirect(redirectUri, oauth.redirectUris)) {
    return { complaint: 'This app asked to be answered at an address that is not its own.' }
  }
  const state = read('state')
  const refuse = (error: string, error_description: string): Reading => ({
    redirect: withParameters(redirectUri, { error, error_description, state, iss: issuer }),
  })
  if (read('response_type') !== 'code') return refuse('unsupported_response_type', 'response_type must be code')
  if (!state) return refuse('invalid_request', 'state is required')
  if (read('code_challenge_method') !== 'S256') return refuse('invalid_request', 'code_challenge_method must be S256')
  const codeChallenge = read('code_challenge')
  if (!codeChallenge || !/^[\w-]{43}$/.test(codeChallenge)) {
    return refuse('invalid_request', 'code_challenge must be a SHA-256 in base64url')
  }
  if (parameters['response_mode'] !== undefined && read('response_mode') !== 'query') {
    return refuse('invalid_request', 'response_mode must be query')
  }
  return { request: { clientId, redirectUri, state, codeChallenge, loginHint: read('login_hint') ?? '' } }
}
