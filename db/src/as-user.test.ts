import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { sql } from 'kysely'
import type pg from 'pg'
import { asAuthenticator, asUser, readAsUser } from './as-user.ts'
import { createDatabase, createPool, type Database } from './database.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

describe('row-level security', () => {
  const [ada, eve, workspace, document] = [newId(), newId(), newId(), newId()]
  let database: TestDatabase
  let api: Database
  let owner: pg.Pool
  before(async () => {
    database = await createTestDatabase()
    owner = createPool({ url: database.url, size: 1 })
    for (const [id, name] of Object.entries({ [ada]: 'Ada', [eve]: 'Eve' })) {
      await owner.query('insert into users (id, subject, email, display_name) values ($1, $2, $3, $3)', [id, id, name])
    }
    await owner.query(
      `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Ours', $2) returning id)
       insert into workspace_members (workspace_id, user_id, role) select id, $2, 'owner' from founded`,
      [workspace, ada],
    )
    await owner.query('insert into documents (id, workspace_id, title, created_by) values ($1, $2, $3, $4)', [
      ...[document, workspace, 'Secret', ada],
    ])
    api = createDatabase({ url: database.url, role: 'mdcreator_api', size: 1 })
  })
  after(async () => {
    await api.destroy()
    await owner.end()
    await database.drop()
  })

  const refused = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work
    } catch (error) {
      return (error as { code: string }).code
    }
    return 'allowed'
  }
  const insufficientPrivilege = '42501'

  it('shows a member their workspace and its documents', async () => {
    const rows = await asUser(api, ada, (trx) => trx.selectFrom('documents').select(['id', 'title']).execute())
    expect(rows).to.deep.equal([{ id: document, title: 'Secret' }])
  })

  it('shows a stranger nothing of it, and takes nothing from them', async () => {
    const seen = await asUser(api, eve, async (trx) => [
      ...(await trx.selectFrom('documents').select('id').execute()),
      ...(await trx.selectFrom('workspaces').select('id').execute()),
      ...(await trx.selectFrom('workspace_members').select('user_id').execute()),
      ...(await trx.selectFrom('users').select('id').where('id', '!=', eve).execute()),
    ])
    expect(seen).to.deep.equal([])
    const changed = await asUser(api, eve, (trx) =>
      trx.updateTable('documents').set({ title: 'Mine' }).executeTakeFirst(),
    )
    expect(Number(changed.numUpdatedRows)).to.equal(0)
    const row = { id: newId(), workspace_id: workspace, title: 'Planted', created_by: eve }
    expect(await refused(asUser(api, eve, (trx) => trx.insertInto('documents').values(row).execute()))).to.equal(
      insufficientPrivilege,
    )
    const membership = { workspace_id: workspace, user_id: eve, role: 'owner' as const }
    const joining = asUser(api, eve, (trx) => trx.insertInto('workspace_members').values(membership).execute())
    expect(await refused(joining)).to.equal(insufficientPrivilege)
  })

  it('shows nothing outside of a transaction for somebody, also on a connection that had one before', async () => {
    await asUser(api, ada, (trx) => trx.selectFrom('documents').select('id').execute())
    expect(await api.selectFrom('documents').select('id').execute()).to.deep.equal([])
    expect(await api.selectFrom('users').select('id').execute()).to.deep.equal([])
  })

  describe('of what is read in one round trip', () => {
    const titles = (db: Database) => db.selectFrom('documents').select('title')
    const nothingIsLeft = async (): Promise<void> => {
      expect(await titles(api).execute()).to.deep.equal([])
      const { rows } = await sql`select nullif(current_setting('app.user_id', true), '') as id`.execute(api)
      expect(rows).to.deep.equal([{ id: null }])
    }
    const slow = sql<object>`select pg_sleep(20), current_setting('app.user_id') as id`
    /** Ends whatever sleeps, as soon as something does. */
    const stopSleepers = async (how: string): Promise<void> => {
      const statement = `select ${how}(pid) from pg_stat_activity
        where query like 'select pg_sleep(20)%' and state = 'active'`
      while ((await owner.query(statement)).rowCount === 0);
    }

    it('shows what the user may see, to each query, and leaves nothing behind', async () => {
      const workspaces = api.selectFrom('workspaces').select(['name', 'created_at'])
      for (let i = 0; i < 3; i++) {
        const [documents, all] = await readAsUser(api, ada, [titles(api), workspaces])
        expect(documents).to.deep.equal([{ title: 'Secret' }])
        expect(all[0]?.name).to.equal('Ours')
        expect(all[0]?.created_at).to.be.instanceOf(Date)
        await nothingIsLeft()
        expect(await readAsUser(api, eve, [titles(api), titles(api)])).to.deep.equal([[], []])
        await nothingIsLeft()
      }
    })

    it('leaves nothing behind where a query fails, before, after or between others', async () => {
      const broken = api.selectNoFrom(sql<string>`(1 / ${0}::int)::text`.as('title'))
      for (const queries of [
        [broken],
        [titles(api), broken],
        [broken, titles(api)],
        [titles(api), broken, titles(api)],
      ]) {
        expect(await refused(readAsUser(api, ada, queries))).to.equal('22012')
        await nothingIsLeft()
        expect(await readAsUser(api, ada, [titles(api)])).to.deep.equal([[{ title: 'Secret' }]])
      }
    })

    it('leaves nothing behind where a query is cancelled or its backend is killed', async () => {
      for (const [how, code] of [
        ['pg_cancel_backend', '57014'],
        ['pg_terminate_backend', '57P01'],
      ] as const) {
        const reading = refused(readAsUser(api, ada, [titles(api), { compile: () => slow.compile(api) }]))
        await stopSleepers(how)
        expect(await reading).to.equal(code)
        await nothingIsLeft()
        expect(await readAsUser(api, eve, [titles(api)])).to.deep.equal([[]])
      }
    })

    it('keeps users apart who read at the same time', async () => {
      const many = createDatabase({ url: database.url, role: 'mdcreator_api', size: 4 })
      const whoAmI = many.selectNoFrom(sql<string>`current_setting('app.user_id')`.as('id'))
      await Promise.all(
        Array.from({ length: 300 }, async (_, i) => {
          const user = i % 2 ? ada : eve
          const [documents, [me]] = await readAsUser(many, user, [titles(many), whoAmI])
          expect(documents).to.have.length(user === ada ? 1 : 0)
          expect(me?.id).to.equal(user)
        }),
      )
      await many.destroy()
    })

    it('cannot write', async () => {
      const renamed = api.updateTable('users').set({ display_name: 'Mallory' }).where('id', '=', ada).returning('id')
      expect(await refused(readAsUser(api, ada, [renamed]))).to.equal('25006')
      await nothingIsLeft()
    })
  })

  it('keeps sign-in from what workspaces hold', async () => {
    const accounts = await asAuthenticator(api, (trx) => trx.selectFrom('users').select('id').execute())
    expect(accounts).to.have.length(2)
    for (const table of ['documents', 'workspaces', 'workspace_members', 'document_updates'] as const) {
      const reading = asAuthenticator(api, (trx) => trx.selectFrom(table).selectAll().execute())
      expect(await refused(reading), table).to.equal(insufficientPrivilege)
    }
  })
})
