import type { Scope } from '@mdcreator/shared/scopes'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { type TokenClaims, TokenError } from '@mdcreator/shared/tokens'
import { sql } from 'kysely'
import type { Database } from './database.ts'

type Row = { user_id: string; ends_at: Date } & (
  | { session_id: string; token_id: null; scopes: null }
  | { session_id: null; token_id: string; scopes: Scope[] }
)

/**
 * What a ticket says, which is spent by that. Used, too old, or of another document: all is answered like a bad token.
 * @throws TokenError
 */
export async function redeemTicket(db: Database, ticket: string, documentId: string): Promise<TokenClaims> {
  const result = await sql<Row>`select * from app_redeem_ticket(${hashOfSecret(ticket)}, ${documentId})`.execute(db)
  const row = result.rows[0]
  if (!row) throw new TokenError(false)
  const claims = { sub: row.user_id, exp: row.ends_at.getTime() / 1000 }
  if (row.token_id === null) return { ...claims, token_use: 'collab', sid: row.session_id, doc: documentId }
  return { ...claims, token_use: 'personal', tid: row.token_id, scopes: row.scopes, isNoted: true }
}
