import { GetUserCommand } from '@aws-sdk/client-cognito-identity-provider'
import type { AuthConfig, OidcConfig } from '@mdcreator/shared/config'
import { RemoteIssuer } from '@mdcreator/shared/discovery'
import { askOutside } from '@mdcreator/shared/outside'
import type { ForeignClaims } from '@mdcreator/shared/tokens'
import { z } from 'zod'
import { cognitoClient, isRefusal } from './cognito-client.ts'

/** What an issuer says of a person. Only a verified e-mail address is worth anything. */
export type Profile = { name?: string | undefined; email?: string | undefined; emailVerified: boolean }

/** Standard claims (OpenID Connect Core, section 5.1); Cognito writes booleans as text. */
const Claims = z.object({
  sub: z.string().optional(),
  name: z.string().optional().catch(undefined),
  preferred_username: z.string().optional().catch(undefined),
  email: z.string().optional().catch(undefined),
  email_verified: z.union([z.boolean(), z.literal('true').transform(() => true)]).catch(false),
})

type ProfileReader = (foreign: ForeignClaims) => Promise<Profile>

/** Reads a profile from the access token where it holds one, or asks the issuer, who may have nothing to say. */
export function profileReader(auth: AuthConfig): ProfileReader {
  if (auth.provider === 'cognito') {
    const client = cognitoClient(auth)
    return async ({ jwt }) => {
      try {
        const { UserAttributes = [] } = await client.send(new GetUserCommand({ AccessToken: jwt.token }))
        return toProfile(Object.fromEntries(UserAttributes.map(({ Name, Value }) => [String(Name), Value])))
      } catch (error) {
        // The token lacks the scope for it.
        if (isRefusal(error)) return toProfile(jwt.payload)
        throw error
      }
    }
  }
  if (auth.provider === 'oidc') return oidcProfileReader(auth)
  return async () => ({ emailVerified: false })
}

function oidcProfileReader(auth: OidcConfig): ProfileReader {
  const remote = new RemoteIssuer(auth.issuer)
  return async ({ jwt, subject }) => {
    const { userinfo_endpoint } = await remote.metadata()
    if ('email' in jwt.payload || !userinfo_endpoint) return toProfile(jwt.payload)
    const headers = { Authorization: `Bearer ${jwt.token}` }
    const { status, body } = await askOutside(userinfo_endpoint, { headers, trustedHosts: remote.trustedHosts })
    const claims = Claims.safeParse(body)
    // Many issuers make access tokens for an API that are not good for this. And it must be of the same person (section 5.3.2).
    const isTheirs = status === 200 && claims.success && claims.data.sub === subject
    return toProfile(isTheirs ? claims.data : jwt.payload)
  }
}

function toProfile(claims: unknown): Profile {
  const { name, preferred_username, email, email_verified } = Claims.parse(claims)
  return { name: name ?? preferred_username, email, emailVerified: email_verified }
}
