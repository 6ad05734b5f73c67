import { asUser } from '@mdcreator/db/as-user'
import { createDatabase, type Database } from '@mdcreator/db/database'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { sql } from 'kysely'
import { createDocument, createWorkspace, type Json, signUp, startApi, type TestApi, type TestUser } from './testing.ts'

const tables = ['users', 'sessions', 'workspaces', 'workspace_members', 'documents'] as const

describe("the API's database role", () => {
  let api: TestApi
  let db: Database
  let user: TestUser
  let document: Json
  before(async () => {
    api = await startApi()
    user = await signUp(api)
    const workspace = await createWorkspace(api, user)
    document = await createDocument(api, user, workspace.id)
    db = createDatabase({ url: api.databaseUrl, role: 'mdcreator_api', size: 1 })
  })
  after(async () => {
    await db.destroy()
    await api.stop()
  })

  const count = async (trx: Database, table: string) => {
    const result = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(trx)
    return result.rows[0]?.n
  }
  const failure = (statement: string) =>
    asUser(db, user.id, (trx) => sql.raw(statement).execute(trx)).then(
      () => 'none',
      (error: { code: string }) => error.code,
    )

  it('sees no row without a user', async () => {
    for (const table of tables) expect(await count(db, table), table).to.equal(0)
  })

  it('sees nothing of a workspace as a stranger, without any WHERE', async () => {
    const stranger = await signUp(api)
    for (const table of ['workspaces', 'workspace_members', 'documents']) {
      expect(await asUser(db, stranger.id, (trx) => count(trx, table)), table).to.equal(0)
    }
    const users = await asUser(db, stranger.id, (trx) => trx.selectFrom('users').select('id').execute())
    expect(users).to.deep.equal([{ id: stranger.id }])
  })

  it('does not remember the user after the transaction', async () => {
    expect(await asUser(db, user.id, (trx) => count(trx, 'documents'))).to.equal(1)
    expect(await count(db, 'documents')).to.equal(0)
  })

  it('can neither read Yjs bytes, passwords and private keys, nor write a text', async () => {
    for (const statement of [
      'select yjs_state from documents',
      'select * from document_updates',
      'select password_hash from users',
      'select refresh_token_hash from sessions',
      'select private_jwk from signing_keys',
      `update documents set content = 'x'`,
      'delete from documents',
      `insert into document_updates (document_id, data, origin) values ('${document.id}', '', 'api')`,
    ]) {
      expect(await failure(statement), statement).to.equal('42501')
    }
  })

  it('cannot put itself into a workspace of others', async () => {
    const stranger = await signUp(api)
    const join = asUser(db, stranger.id, (trx) =>
      trx
        .insertInto('workspace_members')
        .values({ workspace_id: document.workspace_id, user_id: stranger.id, role: 'owner' })
        .execute(),
    )
    expect(await join.catch((error: { code: string }) => error.code)).to.equal('42501')
    const plant = asUser(db, stranger.id, (trx) =>
      trx
        .insertInto('documents')
        .values({ id: newId(), workspace_id: document.workspace_id, title: 'x', created_by: stranger.id })
        .execute(),
    )
    expect(await plant.catch((error: { code: string }) => error.code)).to.equal('42501')
  })
})
