import { z } from 'zod'
import { pageOf } from '../http/page.ts'
import { Timestamp, text, WireId } from '../http/schema.ts'

const jwt = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTkyM2U1YyJ9.MEUCIQDx'
const refreshToken = '01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d13.tP3sXG0bqTQ5mFh2V8lJYw1d9ZkRc7uNaE4oBiLxH6M'

export const Email = text()
  .trim()
  .toLowerCase()
  .max(254, 'must have at most 254 characters')
  .regex(z.regexes.email, 'is no e-mail address')
  .meta({ format: 'email', example: 'ada@example.com' })

export const DisplayName = text().trim().min(1, 'must not be empty').max(100).meta({ example: 'Ada Lovelace' })

/** NFKC: the same password typed on another system must give the same bytes (NIST SP 800-63B, section 5.1.1.2). */
export const AnyPassword = text().max(200).normalize('NFKC')

const NewPassword = AnyPassword.min(8, 'must have at least 8 characters')
  .regex(/\p{Ll}/u, 'must hold a lower-case letter')
  .regex(/\p{Lu}/u, 'must hold an upper-case letter')
  .regex(/\p{Nd}/u, 'must hold a digit')
  .meta({ description: 'At least 8 characters, a lower-case and an upper-case letter and a digit', format: 'password' })

const LookupEmail = text().trim().toLowerCase().max(254).meta({ format: 'email', example: 'ada@example.com' })

export const SignupBody = z
  .strictObject({ email: Email, password: NewPassword, display_name: DisplayName })
  .meta({ id: 'SignupBody' })

export const LoginBody = z
  .strictObject({
    email: LookupEmail,
    password: AnyPassword.meta({ format: 'password' }),
  })
  .meta({ id: 'LoginBody' })

export const RefreshBody = z
  .strictObject({ refresh_token: z.string().max(8_192).meta({ example: refreshToken }) })
  .meta({ id: 'RefreshBody' })

/** However somebody copied it: in either case, with spaces and a dash. */
const EmailCode = text()
  .max(40)
  .transform((value) => value.replace(/[\s-]/g, '').toUpperCase())
  .meta({ override: { type: 'string', maxLength: 40 }, example: '123456' })

export const VerifyEmailBody = z.strictObject({ email: LookupEmail, code: EmailCode }).meta({ id: 'VerifyEmailBody' })

export const ForgotPasswordBody = z.strictObject({ email: LookupEmail }).meta({ id: 'ForgotPasswordBody' })

export const ResetPasswordBody = z
  .strictObject({ email: LookupEmail, code: EmailCode, password: NewPassword })
  .meta({ id: 'ResetPasswordBody' })

const tokens = {
  access_token: z.string().meta({ description: 'A JWT, good for one hour', example: jwt }),
  refresh_token: z.string().meta({
    description: 'Good once, for 30 days; another issuer may have other rules',
    example: refreshToken,
  }),
  id_token: z.string().optional().meta({ description: 'Of another issuer: who you are, for the client', example: jwt }),
  token_type: z.literal('Bearer'),
  expires_in: z.int().meta({ description: 'Seconds that the access token lives', example: 3600 }),
}

/** A pair of tokens (RFC 6749, section 5.1). */
export const Tokens = z.object(tokens).meta({ id: 'Tokens' })
export type Tokens = z.output<typeof Tokens>

export const DocumentTokenBody = z.strictObject({ document_id: WireId }).meta({ id: 'DocumentTokenBody' })

export const DocumentToken = z
  .object({
    token: z
      .string()
      .meta({ description: 'A JWT that opens the socket of that document, and no endpoint', example: jwt }),
    expires_in: z.int().meta({ description: 'Seconds that it lives', example: 300 }),
  })
  .meta({ id: 'DocumentToken' })

export const DocumentTicket = z
  .object({
    ticket: z.string().meta({
      description: 'Opens one connection to that document',
      example: 'mdt_tP3sXG0bqTQ5mFh2V8lJYw1d9ZkRc7uNaE4oBiLxH6M',
    }),
    expires_in: z.int().meta({ description: 'Seconds in which to use it', example: 30 }),
  })
  .meta({ id: 'DocumentTicket' })

/** The user itself sees all of this; others only see the name and the picture. */
export const User = z
  .object({
    id: WireId,
    email: z
      .string()
      .nullable()
      .meta({ example: 'ada@example.com', description: 'Null where your issuer gives none that is verified' }),
    display_name: z.string().meta({ example: 'Ada Lovelace' }),
    avatar_url: z.string().nullable().meta({ example: 'https://example.com/ada.png' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'User' })

/** With tokens; or, where the address must be confirmed first, with nothing that tells whether it had an account. */
export const SignupReply = z
  .union([z.object({ user: User, ...tokens }), z.object({ user: User, verification_required: z.literal(true) })])
  .meta({ id: 'SignupReply' })

export const Session = z
  .object({
    id: WireId,
    user_agent: z
      .string()
      .nullable()
      .meta({ description: 'What the program that signed in says it is', example: 'Mozilla/5.0 (X11; Linux x86_64)' }),
    network: z.string().nullable().meta({
      description: 'Where it signed in from: an IPv4 address, or the /64 of an IPv6 address',
      example: '203.0.113.7',
    }),
    client_id: z
      .string()
      .nullable()
      .meta({ description: 'The app that signed in through the browser', example: 'mdcreator-desktop' }),
    created_at: Timestamp,
    refreshed_at: Timestamp.meta({ description: 'When it last got new tokens' }),
    expires_at: Timestamp,
    current: z.boolean().meta({ description: 'True for the session of this very request' }),
  })
  .meta({ id: 'Session' })

export const SessionPage = pageOf(Session).meta({ id: 'SessionPage' })
export const SessionPath = z.strictObject({ session_id: WireId })

const aboutKey = { kid: z.string(), alg: z.string(), use: z.literal('sig') }
/** RFC 7518, sections 6.3 and 6.2: what new keys are, and what they once were. */
const PublicKey = z
  .discriminatedUnion('kty', [
    z.object({ kty: z.literal('RSA'), n: z.string(), e: z.string(), ...aboutKey }),
    z.object({ kty: z.literal('EC'), crv: z.string(), x: z.string(), y: z.string(), ...aboutKey }),
  ])
  .meta({
    example: { kty: 'RSA', n: 'u1SU1LfVLPHCozMxH2Mo', e: 'AQAB', kid: 'q2Vx0Gk5bXf3', alg: 'RS256', use: 'sig' },
  })
/** A JWK set (RFC 7517): public keys only, and only what is needed to verify with them. */
export const KeySet = z.object({ keys: z.array(PublicKey) }).meta({ id: 'KeySet' })

/** OpenID Connect Discovery 1.0, section 3. */
export const Discovery = z
  .object({
    issuer: z.string().meta({ example: 'https://docs.example.com' }),
    jwks_uri: z.string().meta({ example: 'https://docs.example.com/.well-known/jwks.json' }),
    authorization_endpoint: z.string().meta({ example: 'https://docs.example.com/api/v1/auth/authorize' }),
    token_endpoint: z.string().meta({ example: 'https://docs.example.com/api/v1/auth/token' }),
    response_types_supported: z.array(z.string().meta({ example: 'code' })),
    grant_types_supported: z.array(z.string().meta({ example: 'authorization_code' })),
    code_challenge_methods_supported: z.array(z.string().meta({ example: 'S256' })),
    token_endpoint_auth_methods_supported: z.array(z.string().meta({ example: 'none' })),
    authorization_response_iss_parameter_supported: z.boolean().meta({ description: 'RFC 9207' }),
    subject_types_supported: z.array(z.string().meta({ example: 'public' })),
    id_token_signing_alg_values_supported: z.array(z.string().meta({ example: 'RS256' })),
  })
  .meta({ id: 'Discovery' })
