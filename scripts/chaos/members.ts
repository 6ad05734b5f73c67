import { TokenSigner } from '@mdcreator/api-server/auth/signing-keys'
import { createDatabase, type Pool } from '@mdcreator/db/database'
import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'

/** A user with an access token, as the API signs it. */
export type Person = { id: string; token: string }

/** A workspace in a database that has the schema. */
export type Workspace = { members: Person[]; stranger: Person; documentIds: string[] }

/** Creates a workspace with its editors and empty documents, and somebody outside it. */
export async function createWorkspace(
  { url, pool }: { url: string; pool: Pool },
  { members, documents }: { members: number; documents: number },
): Promise<Workspace> {
  const userIds = Array.from({ length: members + 1 }, newId)
  const editorIds = userIds.slice(1)
  const workspaceId = newId()
  const documentIds = Array.from({ length: documents }, newId)
  await pool.query(
    `insert into users (id, subject, email, display_name)
     select id, id, id || '@chaos.example', 'Person ' || n from unnest($1::uuid[]) with ordinality as person (id, n)`,
    [userIds],
  )
  await pool.query(
    `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Chaos', $2) returning id, created_by)
     insert into workspace_members (workspace_id, user_id, role)
     select founded.id, member, case when member = created_by then 'owner' else 'editor' end::workspace_role
     from founded, unnest($3::uuid[]) as member`,
    [workspaceId, editorIds[0], editorIds],
  )
  await pool.query(
    `insert into documents (id, workspace_id, title, content, created_by)
     select id, $2, 'Chaos', '', $3 from unnest($1::uuid[]) as id`,
    [documentIds, workspaceId, editorIds[0]],
  )
  const [stranger, ...people] = await signIn(url, pool, userIds)
  return { members: people, stranger: stranger as Person, documentIds }
}

async function signIn(url: string, pool: Pool, userIds: string[]): Promise<Person[]> {
  const sessionIds = userIds.map(newId)
  await pool.query(
    `insert into sessions (id, user_id, refresh_token_hash, expires_at)
     select id, user_id, '', now() + interval '1 day' from unnest($1::uuid[], $2::uuid[]) as session (id, user_id)`,
    [sessionIds, userIds],
  )
  const database = createDatabase({ url, role: 'mdcreator_api', size: 1 })
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
