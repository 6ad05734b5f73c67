import { asUser } from '@mdcreator/db/as-user'
import { createDatabase, type Database } from '@mdcreator/db/database'
import { newId } from '@mdcreator/shared/ids'
import { can, type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import { type RawBuilder, sql } from 'kysely'
import {
  addMember,
  createDocument,
  createWorkspace,
  type Json,
  signUp,
  startApi,
  type TestApi,
  type TestUser,
} from './testing.ts'

const tables = [
  'users',
  'sessions',
  'workspaces',
  'workspace_members',
  'documents',
  'presence',
  'invitations',
  'personal_access_tokens',
] as const

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
    await api.owner.insertInto('presence').values({ document_id: document.id, user_id: user.id }).execute()
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
    for (const table of ['workspaces', 'workspace_members', 'documents', 'presence']) {
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
      'select folded_ids from documents',
      'select * from document_updates',
      'select password_hash from users',
      'select refresh_token_hash from sessions',
      'select private_jwk from signing_keys',
      'select token_hash from personal_access_tokens',
      `update documents set content = 'x'`,
      'delete from documents',
      'delete from users',
      'delete from workspaces',
      'delete from invitations',
      'select token_hash from invitations',
      'update invitations set accepted_at = now()',
      `update invitations set role = 'admin'`,
      `update workspace_members set user_id = '${user.id}'`,
      `update presence set last_seen_at = now()`,
      `insert into presence (document_id, user_id) values ('${document.id}', '${user.id}')`,
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

  describe('on members', () => {
    let workspaceId: string
    const people = {} as Record<Role, TestUser>
    before(async () => {
      for (const role of roles) people[role] = await signUp(api)
      workspaceId = (await createWorkspace(api, people.owner)).id
      for (const role of roles) if (role !== 'owner') await addMember(api, workspaceId, people[role], role)
    })

    /** Tries it, says what happened, and undoes it. */
    const attempt = (
      as: Role | 'stranger',
      statement: RawBuilder<unknown>,
    ): Promise<'done' | 'nothing' | 'refused'> => {
      const id = as === 'stranger' ? user.id : people[as].id
      let outcome: 'done' | 'nothing' | 'refused' = 'nothing'
      return asUser(db, id, async (trx) => {
        const { numAffectedRows } = await statement.execute(trx)
        outcome = numAffectedRows === 1n ? 'done' : 'nothing'
        throw new Error('undo')
      }).catch((error: { code?: string; message: string }) => {
        if (error.message === 'undo') return outcome
        expect(error.code).to.equal('42501')
        return 'refused' as const
      })
    }
    const where = (who: TestUser) => sql`where workspace_id = ${workspaceId} and user_id = ${who.id}`

    for (const as of [...roles, 'stranger'] as const) {
      const rank = as === 'stranger' ? -1 : roles.indexOf(as)
      const isAdmin = rank >= roles.indexOf('admin')

      it(`says what the matrix says of a ${as} who changes roles`, async () => {
        for (const target of roles) {
          for (const grant of roles) {
            const outcome = await attempt(
              as,
              sql`update workspace_members set role = ${grant}::workspace_role ${where(people[target])}`,
            )
            const may = can(as === 'stranger' ? null : as, 'member.update') && target !== 'owner' && grant !== 'owner'
            expect(outcome === 'done', `${target} to ${grant}`).to.equal(may)
            if (isAdmin && target !== 'owner' && grant === 'owner') expect(outcome).to.equal('refused')
          }
        }
      })

      it(`says what the matrix says of a ${as} who removes members`, async () => {
        for (const target of roles) {
          const outcome = await attempt(as, sql`delete from workspace_members ${where(people[target])}`)
          const may = (can(as === 'stranger' ? null : as, 'member.remove') || as === target) && target !== 'owner'
          expect(outcome, target).to.equal(may ? 'done' : 'nothing')
        }
      })

      it(`says what the matrix says of a ${as} who hands the workspace over`, async () => {
        const id = as === 'stranger' ? user.id : people[as].id
        for (const heir of [...roles.map((role) => people[role].id), user.id]) {
          const outcome = await asUser(db, id, async (trx) => {
            const { rows } = await sql<{ outcome: string }>`
              select transfer_workspace(${workspaceId}, ${heir}) as outcome`.execute(trx)
            throw new Error(rows[0]?.outcome)
          }).catch((error: Error) => error.message)
          const may = can(as === 'stranger' ? null : as, 'workspace.transfer')
          expect(outcome).to.equal(!may ? 'not-owner' : heir === user.id ? 'no-member' : 'done')
        }
      })

      it(`says what the matrix says of a ${as} who invites`, async () => {
        const id = as === 'stranger' ? user.id : people[as].id
        const role = as === 'stranger' ? null : as
        for (const grant of roles) {
          const outcome = await attempt(
            as,
            sql`insert into invitations (workspace_id, email, role, token_hash, invited_by)
              values (${workspaceId}, 'x@example.com', ${grant}::workspace_role, ${Buffer.from(newId())}, ${id})`,
          )
          expect(outcome).to.equal(can(role, 'invitation.create') && grant !== 'owner' ? 'done' : 'refused')
        }
      })

      it(`says what the matrix says of a ${as} who renames or deletes the workspace`, async () => {
        const role = as === 'stranger' ? null : as
        const rename = await attempt(as, sql`update workspaces set name = 'x' where id = ${workspaceId}`)
        expect(rename).to.equal(can(role, 'workspace.update') ? 'done' : 'nothing')
        const remove = await attempt(as, sql`update workspaces set deleted_at = now() where id = ${workspaceId}`)
        expect(remove === 'done').to.equal(can(role, 'workspace.delete'))
      })
    }

    it('lets administrators see and take back invitations, and nobody use the name of another', async () => {
      const invitation = {
        workspace_id: workspaceId,
        email: 'y@example.com',
        role: 'editor',
        token_hash: Buffer.from(newId()),
        invited_by: people.owner.id,
      } as const
      await api.owner.insertInto('invitations').values(invitation).execute()
      for (const as of [...roles, 'stranger'] as const) {
        const role = as === 'stranger' ? null : as
        const id = as === 'stranger' ? user.id : people[as].id
        const seen = await asUser(db, id, (trx) => trx.selectFrom('invitations').select('id').execute())
        expect(seen, as).to.have.length(can(role, 'invitation.read') ? 1 : 0)
        const revoke = sql`update invitations set revoked_at = now() where workspace_id = ${workspaceId}`
        expect(await attempt(as, revoke), as).to.equal(can(role, 'invitation.delete') ? 'done' : 'nothing')
      }
      const forged = sql`insert into invitations (workspace_id, email, role, token_hash, invited_by)
        values (${workspaceId}, 'z@example.com', 'viewer', ${Buffer.from(newId())}, ${people.owner.id})`
      expect(await attempt('admin', forged)).to.equal('refused')
    })

    it('judges one who changes several rows at once by the old role', async () => {
      const everybody = sql`update workspace_members set role = 'admin' where workspace_id = ${workspaceId}`
      expect(await attempt('editor', everybody)).to.equal('nothing')
    })
  })

  it('sees who was last in a document only where it sees the document, and forgets only itself', async () => {
    const [member, stranger] = [await signUp(api), await signUp(api)]
    await addMember(api, document.workspace_id, member, 'viewer')
    expect(await asUser(db, member.id, (trx) => count(trx, 'presence'))).to.equal(1)
    expect(await asUser(db, stranger.id, (trx) => count(trx, 'presence'))).to.equal(0)
    for (const { id } of [member, stranger]) {
      const result = await asUser(db, id, (trx) => trx.deleteFrom('presence').executeTakeFirst())
      expect(result.numDeletedRows).to.equal(0n)
    }
    expect(await api.owner.selectFrom('presence').selectAll().execute()).to.have.length(1)
  })
})
