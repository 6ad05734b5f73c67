import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider'
import type { CognitoConfig } from '@mdcreator/shared/config'

/** What we ask of Cognito, its clients may ask too: nothing is signed, and no credentials of ours are looked for. */
export function cognitoClient({ region, endpoint }: CognitoConfig): CognitoIdentityProviderClient {
  return new CognitoIdentityProviderClient({
    region,
    ...(endpoint && { endpoint }),
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
    maxAttempts: 2,
  })
}

/** True where Cognito answered, and said no. */
export const isRefusal = (error: unknown): boolean =>
  (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode === 400
