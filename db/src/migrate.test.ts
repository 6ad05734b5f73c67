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

  /** Everything in the schema that is ours, with its definition and its grants. */
  const schema = async (): Promise<string[]> => {
    const client = new pg.Client(database.url)
    await client.connect()
    const { rows } = await client.query(`
      with relations as (select * from pg_class where relnamespace = 'public'::regnamespace and relname !~ '^kysely')
      select concat_ws(' ', relname, relkind, relrowsecurity, relforcerowsecurity, reloptions, relacl) as line from relations
      union all select concat_ws(' ', relname, attname, format_type(atttypid, atttypmod), attnotnull, attstorage, attacl,
          pg_get_expr(adbin, adrelid))
        from relations r join pg_attribute a on attrelid = r.oid and attnum > 0 and not attisdropped
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
      union all select pg_get_indexdef(oid) from relations where relkind = 'i'
      union all select concat_ws(' ', relname, pg_get_viewdef(oid)) from relations where relkind in ('v', 'm')
      union all select concat_ws(' ', relname, conname, pg_get_constraintdef(c.oid)) from relations r join pg_constraint c on conrelid = r.oid
      union all select pg_get_triggerdef(t.oid) from relations r join pg_trigger t on tgrelid = r.oid where not tgisinternal
      union all select concat_ws(' ', tablename, policyname, roles, cmd, qual, with_check) from pg_policies
      union all select concat_ws(' ', pg_get_functiondef(oid), proacl) from pg_proc where pronamespace = 'public'::regnamespace
      union all select concat_ws(' ', typname, array(select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder))
        from pg_type t where typnamespace = 'public'::regnamespace and typtype = 'e'
      order by line`)
    await client.end()
    return rows.map((row) => row.line)
  }

  it('go up, down to nothing, and up again to the same', async () => {
    const before = await schema()
    expect(before.filter((line) => line.startsWith('documents r '))).to.have.length(1)
    await migrate(database.url, 'down')
    expect(await schema()).to.deep.equal([])
    expect(await pendingMigrations(database.url)).to.include('0001_foundation')
    expect(await migrate(database.url)).to.include('0001_foundation')
    expect(await schema()).to.deep.equal(before)
    expect(await pendingMigrations(database.url)).to.deep.equal([])
  })

  it('run once where several servers start at the same time', async () => {
    await migrate(database.url, 'down')
    const all = await pendingMigrations(database.url)
    const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)])
    expect(runs.flat()).to.deep.equal(all)
  })
})
