import { TokenSigner } from '@mdcreator/api-server/auth/signing-keys'
import { createDatabase, type Pool } from '@mdcreator/db/database'
import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'

/** A database that has the schema, by its owner. */
export type Owned = { url: string; pool: Pool }

/** A user with an access token, as the API signs it. */
export type Person = { id: string; token: string }

/** Creates users, each with a session. */
export async function createPeople({ url, pool }: Owned, count: number): Promise<Person[]> {
  const userIds = Array.from({ length: count }, newId)
  await pool.query(
    `insert into users (id, subject, email, display_name)
     select id, id, id || '@test.example', 'Person ' || n from unnest($1::uuid[]) with ordinality as person (id, n)`,
    [userIds],
  )
  const sessionIds = userIds.map(newId)
  await pool.query(
    `insert into sessions (id, user_id, refresh_token_hash, expires_at)
     select id, user_id, '', now() + interval '1 day' from unnest($1::uuid[], $2::uuid[]) as session (id, user_id)`,
    [sessionIds, userIds],
  )
  const database = createDatabase({ url, role: 'mdcreator_api', size: 2 })
  try {
    const signer = new TokenSigner(database, loadConfig({}).issuer)
    const people: Person[] = []
    for (const [i, id] of userIds.entries()) {
      people.push({ id, token: await signer.sign(id, sessionIds[i] as string) })
    }
    return people
  } finally {
    await database.destroy()
  }
}

/** Creates a workspace of which the first is the owner and the others are editors; resolves to its id. */
export async function foundWorkspace(pool: Pool, members: Person[]): Promise<string> {
  const id = newId()
  const memberIds = members.map((member) => member.id)
  await pool.query(
    `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Test', $2) returning id, created_by)
     insert into workspace_members (workspace_id, user_id, role)
     select founded.id, member, case when member = created_by then 'owner' else 'editor' end::workspace_role
     from founded, unnest($3::uuid[]) as member`,
    [id, memberIds[0], memberIds],
  )
  return id
}

/** Creates empty documents; resolves to their ids. */
export async function createDocuments(
  pool: Pool,
  { workspaceId, ownerId, count }: { workspaceId: string; ownerId: string; count: number },
): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  await pool.query(
    `insert into documents (id, workspace_id, title, content, created_by)
     select id, $2, 'Test', '', $3 from unnest($1::uuid[]) as id`,
    [ids, workspaceId, ownerId],
  )
  return ids
}
