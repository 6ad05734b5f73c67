import { newId } from '@mdcreator/shared/ids'
import type pg from 'pg'
import { createPool } from './database.ts'
import { createTestDatabase } from './testing.ts'

/** For tests only: a database with a user who owns a workspace, past row-level security. */
export type Library = {
  url: string
  /** The owner of the database. */
  db: pg.Pool
  user: string
  workspace: string
  /** A new document; gives its id. */
  document(values?: { title?: string; text?: string; workspace?: string }): Promise<string>
  found(user: string): Promise<string>
  stop(): Promise<void>
}

export async function createLibrary(): Promise<Library> {
  const database = await createTestDatabase()
  const db = createPool({ url: database.url, size: 10 })
  const user = newId()
  await db.query(`insert into users (id, subject, email, display_name) values ($1, $2, $2, 'Ada')`, [user, user])
  const found = async (owner: string): Promise<string> => {
    const id = newId()
    await db.query(
      `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Ours', $2) returning id)
       insert into workspace_members (workspace_id, user_id, role) select id, $2, 'owner' from founded`,
      [id, owner],
    )
    return id
  }
  const workspace = await found(user)
  return {
    url: database.url,
    db,
    user,
    workspace,
    found,
    async document({ title = 'Untitled', text = '', workspace: where = workspace } = {}) {
      const id = newId()
      await db.query(
        'insert into documents (id, workspace_id, title, content, plain_text, created_by) values ($1, $2, $3, $4, $4, $5)',
        [id, where, title, text, user],
      )
      return id
    },
    async stop() {
      await db.end()
      await database.drop()
    },
  }
}
