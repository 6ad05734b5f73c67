import { z } from 'zod'
import { Timestamp, text, WireId } from '../http/schema.ts'

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

export const SignupBody = z
  .strictObject({ email: Email, password: NewPassword, display_name: DisplayName })
  .meta({ id: 'SignupBody' })

export const LoginBody = z
  .strictObject({
    email: text().trim().toLowerCase().max(254).meta({ format: 'email', example: 'ada@example.com' }),
    password: AnyPassword.meta({ format: 'password' }),
  })
  .meta({ id: 'LoginBody' })

export const RefreshBody = z.strictObject({ refresh_token: z.string().max(500) }).meta({ id: 'RefreshBody' })

const tokens = {
  access_token: z.string().meta({ description: 'A JWT, good for one hour' }),
  refresh_token: z.string().meta({ description: 'Good once, for 30 days' }),
  token_type: z.literal('Bearer'),
  expires_in: z.int().meta({ description: 'Seconds that the access token lives' }),
}

/** A pair of tokens (RFC 6749, section 5.1). */
export const Tokens = z.object(tokens).meta({ id: 'Tokens' })
export type Tokens = z.output<typeof Tokens>

export const DocumentTokenBody = z.strictObject({ document_id: WireId }).meta({ id: 'DocumentTokenBody' })

export const DocumentToken = z
  .object({
    token: z.string().meta({ description: 'A JWT that opens the socket of that document, and no endpoint' }),
    expires_in: z.int().meta({ description: 'Seconds that it lives' }),
  })
  .meta({ id: 'DocumentToken' })

/** The user itself sees all of this; others only see the name and the picture. */
export const User = z
  .object({
    id: WireId,
    email: z.string(),
    display_name: z.string(),
    avatar_url: z.string().nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'User' })

export const SignupReply = z.object({ user: User, ...tokens }).meta({ id: 'SignupReply' })

/** A JWK set (RFC 7517): public keys only, and only what is needed to verify with them. */
export const KeySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.string(),
        crv: z.string(),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.string(),
        use: z.string(),
      }),
    ),
  })
  .meta({ id: 'KeySet' })

/** OpenID Connect Discovery 1.0, section 3. */
export const Discovery = z
  .object({
    issuer: z.string(),
    jwks_uri: z.string(),
    response_types_supported: z.array(z.string()),
    subject_types_supported: z.array(z.string()),
    id_token_signing_alg_values_supported: z.array(z.string()),
  })
  .meta({ id: 'Discovery' })
