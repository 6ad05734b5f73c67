import type { Database } from '@mdcreator/db/database'
import { publishedKeys } from '@mdcreator/db/signing-keys'
import type { z } from 'zod'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { Discovery, KeySet } from './auth.schema.ts'

const cacheControl = 'public, max-age=300'

/** Where anybody learns how to verify the local issuer's tokens; at the root, not below the API's base path. */
export function issuerEndpoints({ db, issuer }: { db: Database; issuer: string }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/.well-known/jwks.json',
      operationId: 'getSigningKeys',
      tag: 'Auth',
      summary: 'The public keys that access tokens are signed with',
      description: 'A JWK set (RFC 7517). Keys stay here for as long as tokens that they signed can be valid.',
      auth: 'public',
      response: KeySet,
      cacheControl,
      handle: async () => ({ body: (await publishedKeys(db)) as z.input<typeof KeySet> }),
    }),
    endpoint({
      method: 'get',
      path: '/.well-known/openid-configuration',
      operationId: 'getIssuer',
      tag: 'Auth',
      summary: 'The metadata of the local issuer',
      description:
        'OpenID Connect Discovery 1.0 and RFC 8414: what verifying a token, and signing in to an app, needs.',
      auth: 'public',
      response: Discovery,
      cacheControl,
      handle: async () => ({
        body: {
          issuer,
          jwks_uri: `${issuer}/.well-known/jwks.json`,
          authorization_endpoint: `${issuer}/api/v1/auth/authorize`,
          token_endpoint: `${issuer}/api/v1/auth/token`,
          response_types_supported: ['code'],
          grant_types_supported: ['authorization_code', 'refresh_token'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none'],
          authorization_response_iss_parameter_supported: true,
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      }),
    }),
  ]
}
