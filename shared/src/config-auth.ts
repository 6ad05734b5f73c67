import { z } from 'zod'
import { isLoopback } from './loopback.ts'
import { UserError } from './user-error.ts'

/** Keys and passwords come from there: https, or http where it is this machine. */
const issuerUrl = z.url({ protocol: /^https?$/ }).refine((value) => {
  const url = URL.parse(value)
  const isSafe = url?.protocol === 'https:' || (url && isLoopback(url.hostname))
  return isSafe && !url.username && !url.password && !url.search && !url.hash
}, 'Must be an https URL without a user, a query or a fragment')

/** The variables that say who signs people in. */
export const authVariables = {
  AUTH_PROVIDER: z.enum(['local', 'cognito', 'oidc']).default('local').meta({ example: 'oidc' }),
  AWS_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'is no region')
    .optional()
    .meta({ example: 'eu-central-1' }),
  COGNITO_USER_POOL_ID: z
    .string()
    .regex(/^[\w-]+_\w+$/, 'is no id of a user pool')
    .optional()
    .meta({ example: 'eu-central-1_AbCdEf123' }),
  COGNITO_CLIENT_ID: z.string().min(1).max(128).optional().meta({ example: '1example23456789' }),
  COGNITO_CLIENT_SECRET: z.string().min(1).optional().meta({ example: 'the secret of the app client' }),
  COGNITO_ENDPOINT: issuerUrl.optional().meta({ example: 'http://localhost:9229' }),
  OIDC_ISSUER: issuerUrl.optional().meta({ example: 'https://login.example.com/realms/main' }),
  OIDC_CLIENT_ID: z.string().min(1).max(255).optional().meta({ example: 'mdcreator' }),
  OIDC_AUDIENCE: z.string().min(1).max(255).optional().meta({ example: 'https://docs.example.com' }),
}

type Values = z.output<z.ZodObject<typeof authVariables>>

export type CognitoConfig = {
  provider: 'cognito'
  /** The `iss` of the pool's tokens. */
  issuer: string
  region: string
  userPoolId: string
  clientId: string
  /** Null for a public client. */
  clientSecret: string | null
  /** Another address of the service than that of the region, or null. */
  endpoint: string | null
}

export type OidcConfig = {
  provider: 'oidc'
  /** The `iss` of its tokens, as it is written; discovery starts there. */
  issuer: string
  clientId: string
  /** What `aud` of an access token must hold. */
  audience: string
}

export type AuthConfig = { provider: 'local' } | CognitoConfig | OidcConfig

/** @throws UserError naming the variable that the chosen provider lacks, and an example */
export function authConfig(values: Values, example: (name: keyof Values) => string): AuthConfig {
  const { AUTH_PROVIDER: provider } = values
  const required = (name: Exclude<keyof Values, 'AUTH_PROVIDER'>): string => {
    const value = values[name]
    if (value === undefined) throw new UserError(`AUTH_PROVIDER=${provider} needs ${name}. ${example(name)}`)
    return value
  }
  if (provider === 'local') return { provider }
  if (provider === 'oidc') {
    const issuer = required('OIDC_ISSUER')
    return { provider, issuer, clientId: required('OIDC_CLIENT_ID'), audience: required('OIDC_AUDIENCE') }
  }
  const userPoolId = required('COGNITO_USER_POOL_ID')
  // A pool's id begins with its region.
  const region = values.AWS_REGION ?? userPoolId.slice(0, userPoolId.lastIndexOf('_'))
  const endpoint = values.COGNITO_ENDPOINT?.replace(/\/+$/, '') ?? null
  return {
    provider,
    issuer: `${endpoint ?? `https://cognito-idp.${region}.amazonaws.com`}/${userPoolId}`,
    region,
    userPoolId,
    clientId: required('COGNITO_CLIENT_ID'),
    clientSecret: values.COGNITO_CLIENT_SECRET ?? null,
    endpoint,
  }
}
