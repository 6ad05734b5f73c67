import { expect } from 'chai'
import type pg from 'pg'
import { createPool } from '../database.ts'
import { createTestDatabase, type TestDatabase } from '../testing.ts'

const ours = `relnamespace = 'public'::regnamespace and relname !~ '^kysely_'`

describe('the catalog', () => {
  let database: TestDatabase
  let owner: pg.Pool
  before(async () => {
    database = await createTestDatabase()
    owner = createPool({ url: database.url, size: 1 })
  })
  after(async () => {
    await owner.end()
    await database.drop()
  })
  const names = async (query: string): Promise<string[]> => (await owner.query(query)).rows.map((row) => row.name)

  it('has row-level security on every table, and forces it', async () => {
    const open = await names(`select relname as name from pg_class where ${ours} and relkind in ('r', 'p')
      and not (relrowsecurity and relforcerowsecurity)`)
    expect(open).to.deep.equal([])
  })

  it('has views that look with the eyes of who asks', async () => {
    const views = await names(`select relname as name from pg_class where ${ours} and relkind = 'v'`)
    expect(views).to.include('usage_by_day')
    const blind = await names(`select relname as name from pg_class where ${ours} and relkind = 'v'
      and not coalesce(reloptions::text[] && array['security_invoker=true', 'security_invoker=on'], false)`)
    expect(blind).to.deep.equal([])
  })

  it('lets none of our roles read a materialized view, which has no row-level security', async () => {
    const readable = await names(`select relname || ' by ' || rolname as name from pg_class, pg_roles
      where ${ours} and relkind = 'm' and rolname ~ '^mdcreator_' and has_any_column_privilege(rolname, pg_class.oid, 'select')`)
    expect(readable).to.deep.equal([])
  })

  it('pins the search path of every function, and gives those that run as the owner to no one by default', async () => {
    const ownFunctions = `pronamespace = 'public'::regnamespace`
    const unpinned = await names(`select proname as name from pg_proc where ${ownFunctions}
      and not coalesce(proconfig::text ~ 'search_path=pg_catalog', false)`)
    expect(unpinned).to.deep.equal([])
    const forAll = await names(`select proname as name from pg_proc where ${ownFunctions} and prosecdef
      and prorettype <> 'trigger'::regtype
      and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0) order by 1`)
    // These tell of nobody but the acting user.
    expect(forAll).to.deep.equal(['app_knows', 'app_role_in', 'app_workspaces'])
  })

  it('has roles that own nothing and cannot get around it', async () => {
    const roles = await names(`select rolname as name from pg_roles where rolname ~ '^mdcreator_' order by 1`)
    expect(roles).to.deep.equal(['mdcreator_api', 'mdcreator_auth', 'mdcreator_collab', 'mdcreator_jobs'])
    const mighty = await names(`select rolname as name from pg_roles where rolname ~ '^mdcreator_'
      and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication)`)
    expect(mighty).to.deep.equal([])
    const members = await names(
      `select roleid::regrole::text as name from pg_auth_members where member::regrole::text ~ '^mdcreator_'`,
    )
    expect(members).to.deep.equal([])
    const owned = await names(`select relname as name from pg_class where relowner::regrole::text ~ '^mdcreator_'`)
    expect(owned).to.deep.equal([])
  })

  it('lets none of our roles make anything in the schema', async () => {
    const makers = await names(`select rolname as name from pg_roles where rolname ~ '^mdcreator_'
      and has_schema_privilege(rolname, 'public', 'create')`)
    expect(makers).to.deep.equal([])
  })

  it('has an index for every foreign key that deletes along', async () => {
    const slow = await names(`select conrelid::regclass || ' ' || conname as name from pg_constraint c
      where contype = 'f' and confdeltype in ('c', 'n') and connamespace = 'public'::regnamespace and not exists (
        select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1])`)
    expect(slow).to.deep.equal([])
  })
})
