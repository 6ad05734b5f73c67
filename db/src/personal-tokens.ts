import { isWellFormed } from '@mdcreator/shared/personal-token'
import type { Scope } from '@mdcreator/shared/scopes'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { type TokenClaims, TokenError } from '@mdcreator/shared/tokens'
import { sql } from 'kysely'
import type { Database } from './database.ts'

type Row = { id: string; user_id: string; scopes: Scope[]; expires_at: Date | null; is_noted: boolean }

/** What a personal access token says now. Nothing is remembered, so that a revoked one is refused at once. @throws TokenError */
export async function verifyPersonalToken(
  db: Database,
  token: string,
): Promise<Extract<TokenClaims, { token_use: 'personal' }>> {
  if (!isWellFormed(token)) throw new TokenError(false)
  const result = await sql<Row>`select * from app_find_access_token(${hashOfSecret(token)})`.execute(db)
  const row = result.rows[0]
  if (!row) throw new TokenError(false)
  const exp = row.expires_at ? row.expires_at.getTime() / 1000 : Number.POSITIVE_INFINITY
  if (exp * 1000 <= Date.now()) throw new TokenError(true)
  return { token_use: 'personal', sub: row.user_id, tid: row.id, scopes: row.scopes, exp, isNoted: row.is_noted }
}
