import type { Database } from '@mdcreator/db/database'
import { sql } from 'kysely'

/** Rejects where the database does not answer. */
export async function pingDatabase(db: Database): Promise<void> {
  await sql`select 1`.execute(db)
}
