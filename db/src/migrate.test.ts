import { expect } from 'chai'
import pg from 'pg'
import { migrate, pendingMigrations } from './migrate.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

describe('migrations', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  /** Everything in the schema that is ours. */
  const objects = async (): Promise<string[]> => {
    const client = new pg.Client(database.url)
    await client.connect()
    const { rows } = await client.query(`
      select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relname !~ '^kysely'
      union all select proname::text from pg_proc where pronamespace = 'public'::regnamespace
      union all select typname::text from pg_type where typnamespace = 'public'::regnamespace and typtype = 'e'
      order by name`)
    await client.end()
    return rows.map((row) => row.name)
  }

  it('go up, down to nothing, and up again to the same', async () => {
    const before = await objects()
    expect(before).to.include.members(['users', 'workspaces', 'documents', 'document_updates', 'sessions', 'presence'])
    await migrate(database.url, 'down')
    expect(await objects()).to.deep.equal([])
    expect(await pendingMigrations(database.url)).to.include('0001_foundation')
    expect(await migrate(database.url)).to.include('0001_foundation')
    expect(await objects()).to.deep.equal(before)
    expect(await pendingMigrations(database.url)).to.deep.equal([])
  })

  it('run once where several servers start at the same time', async () => {
    await migrate(database.url, 'down')
    const all = await pendingMigrations(database.url)
    const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)])
    expect(runs.flat()).to.deep.equal(all)
  })
})
