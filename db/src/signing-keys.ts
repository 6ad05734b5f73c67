import type { Jwks } from 'aws-jwt-verify/jwk'
import type { Database } from './database.ts'

/** The local issuer's public keys as a JWK set (RFC 7517): what `/.well-known/jwks.json` answers. */
export async function publishedKeys(db: Database): Promise<Jwks> {
  const rows = await db.selectFrom('signing_keys').select('public_jwk').orderBy('created_at').execute()
  return { keys: rows.map((row) => row.public_jwk as Jwks['keys'][number]) }
}
