import { createTokenVerifier, localAudience, type TokenVerifier } from '@mdcreator/shared/tokens'
import type { Jwks } from 'aws-jwt-verify/jwk'
import type { Database } from './database.ts'

/** The local issuer's public keys as a JWK set (RFC 7517): what `/.well-known/jwks.json` answers. */
export async function publishedKeys(db: Database): Promise<Jwks> {
  const rows = await db.selectFrom('signing_keys').select('public_jwk').orderBy('created_at').execute()
  return { keys: rows.map((row) => row.public_jwk as Jwks['keys'][number]) }
}

/** The verifier for the local issuer's tokens. Both servers read the keys from the database: neither needs to reach the other. */
export function localTokenVerifier(db: Database, issuer: string): TokenVerifier {
  return createTokenVerifier({
    issuer,
    audience: localAudience,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    fetchKeys: () => publishedKeys(db),
  })
}
