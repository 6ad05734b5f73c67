import type { z } from 'zod'
import type { Account } from './auth.queries.ts'
import type { User } from './auth.schema.ts'

/** An account as it goes over the wire. */
export function toUser(account: Account): z.input<typeof User> {
  const { id, email, display_name, avatar_url, created_at, updated_at } = account
  return {
    id,
    email,
    display_name,
    avatar_url,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  }
}
