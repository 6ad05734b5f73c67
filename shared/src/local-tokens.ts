import { z } from 'zod'
import { Id } from './ids.ts'
import type { TokenClaims, VerifiedJwt } from './tokens.ts'

/** The `aud` of our own tokens. */
export const localAudience = 'mdcreator'

const common = { sub: Id, exp: z.number(), iat: z.number() }

/** An access token (RFC 9068) of the local issuer. */
const AccessClaims = z.object({ ...common, token_use: z.literal('access'), sid: Id.optional() })

/** A token that opens the socket of one document and nothing else: it may travel in a URL. We make it, whoever signs people in. */
const DocumentClaims = z.object({ ...common, token_use: z.literal('collab'), sid: Id, doc: Id })

const Claims = z.discriminatedUnion('token_use', [AccessClaims, DocumentClaims])

/** What a token of our own says. `takes` leaves out access tokens where somebody else signs people in. */
export function readLocalToken({ payload }: VerifiedJwt, takes: 'all' | 'document-tokens'): TokenClaims {
  return takes === 'all' ? Claims.parse(payload) : DocumentClaims.parse(payload)
}
