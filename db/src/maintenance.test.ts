import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { sql } from 'kysely'
import { asJob } from './as-user.ts'
import { createDatabase, type Database } from './database.ts'
import { maintain } from './maintenance.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

describe('maintenance', () => {
  const [user, workspace, document] = [newId(), newId(), newId()]
  let database: TestDatabase
  let owner: Database
  let api: Database
  before(async () => {
    database = await createTestDatabase()
    owner = createDatabase({ url: database.url, size: 1 })
    api = createDatabase({ url: database.url, role: 'mdcreator_api', size: 1 })
    await sql`with person as (insert into users (id, subject, email, display_name) values (${user}, 'a', 'a', 'Ada') returning id),
      founded as (insert into workspaces (id, name, created_by) select ${workspace}::uuid, 'Ours', id from person),
      owning as (insert into workspace_members (workspace_id, user_id, role) values (${workspace}, ${user}, 'owner'))
      insert into documents (id, workspace_id, title, word_count, created_by) values (${document}, ${workspace}, 'x', 7, ${user})`.execute(
      owner,
    )
  })
  after(async () => {
    await Promise.all([owner.destroy(), api.destroy()])
    await database.drop()
  })

  it('deletes what is older than its time, in batches, and nothing younger', async () => {
    await sql`insert into document_bases (document_id, content, handed_out_at)
      select ${document}::uuid, 'base ' || n, now() - interval '7 days' - make_interval(mins => n - 6) from generate_series(1, 2500) n`.execute(
      owner,
    )
    await sql`insert into client_mutations (user_id, device_id, last_mutation_id, updated_at)
      values (${user}, 'old', 1, now() - interval '181 days'), (${user}, 'new', 1, now() - interval '179 days')`.execute(
      owner,
    )
    await sql`insert into sync_log (entity, entity_id, workspace_id, op, created_at)
      select 'document', gen_random_uuid(), ${workspace}::uuid, 'delete', now() - make_interval(days => n) from generate_series(28, 33) n`.execute(
      owner,
    )
    await sql`insert into document_tickets (ticket_hash, document_id, user_id, session_id, expires_at, ends_at)
      select sha256(n::text::bytea), ${document}::uuid, ${user}::uuid, gen_random_uuid(), now() + make_interval(mins => n), now() + interval '1 h'
      from generate_series(-2, 2) n`.execute(owner)
    const report = await maintain(api)
    expect(report).to.include({ document_bases: 2495, client_mutations: 1, sync_log: 4 })
    expect(report['document_tickets']).to.equal(3)
    const { rows } = await sql<{ n: number }>`select count(*) as n from document_bases`.execute(owner)
    expect(rows).to.deep.equal([{ n: 5 }])
  })

  it('keeps the last change of a row, and of each audience', async () => {
    await sql`delete from sync_log`.execute(owner)
    const row = newId()
    for (const op of ['upsert', 'upsert', 'delete', 'upsert']) {
      await sql`insert into sync_log (entity, entity_id, workspace_id, op, created_at)
        values ('document', ${row}, ${workspace}, ${op}::sync_op, now() - interval '2 minutes')`.execute(owner)
    }
    await sql`insert into sync_log (entity, entity_id, workspace_id, op, audience, created_at)
      values ('workspace', ${workspace}, ${workspace}, 'upsert', ${user}, now() - interval '2 minutes'),
        ('workspace', ${workspace}, ${workspace}, 'upsert', null, now() - interval '2 minutes')`.execute(owner)
    await sql`insert into sync_log (entity, entity_id, workspace_id, op) values ('document', ${row}, ${workspace}, 'delete')`.execute(
      owner,
    )
    expect((await maintain(api))['superseded']).to.equal(3)
    const { rows } = await sql`select entity, op, audience from sync_log order by seq`.execute(owner)
    expect(rows).to.deep.equal([
      { entity: 'document', op: 'upsert', audience: null },
      { entity: 'workspace', op: 'upsert', audience: user },
      { entity: 'workspace', op: 'upsert', audience: null },
      { entity: 'document', op: 'delete', audience: null },
    ])
  })

  it('sums past days once, corrects them, and keeps the sums when the calls are deleted', async () => {
    const call = (days: number, status: string, tokens: number) =>
      sql`insert into usage_metrics (user_id, workspace_id, kind, provider, model, key_owner, status, input_tokens, created_at)
        values (${user}, null, 'ai.generate', 'openai', 'm', 'server', ${status}, ${tokens}, now() - make_interval(days => ${days}))`.execute(
        owner,
      )
    const days = async () =>
      (
        await sql`select (now() at time zone 'UTC')::date - day as age, calls, failed, input_tokens from usage_by_day
          order by day`.execute(owner)
      ).rows
    await call(100, 'completed', 5)
    await call(1, 'completed', 10)
    await call(1, 'aborted', 1)
    await call(0, 'completed', 3)
    const expected = [
      { age: 100, calls: 1, failed: 0, input_tokens: 5 },
      { age: 1, calls: 2, failed: 1, input_tokens: 11 },
      { age: 0, calls: 1, failed: 0, input_tokens: 3 },
    ]
    expect(await days(), 'before they are summed').to.deep.equal(expected)
    expect(await maintain(api)).to.include({ usage_days: 2, usage_metrics: 1 })
    expect(await days(), 'after').to.deep.equal(expected)
    await call(1, 'completed', 100)
    await maintain(api)
    expect((await days())[1]).to.deep.equal({ age: 1, calls: 3, failed: 1, input_tokens: 111 })
  })

  it('counts what a workspace holds', async () => {
    await asJob(api, (trx) => sql`select refresh_workspace_statistics('0 s')`.execute(trx))
    const { rows } = await sql`select members, documents, words from workspace_statistics`.execute(owner)
    expect(rows).to.deep.equal([{ members: 1, documents: 1, words: 7 }])
  })

  it('cannot read or change what people wrote', async () => {
    for (const statement of [
      sql`select content from documents`,
      sql`select content from document_bases`,
      sql`select * from comments`,
      sql`select * from users`,
      sql`delete from documents`,
      sql`select * from document_search`,
    ]) {
      const outcome = await asJob(api, (trx) => statement.execute(trx)).then(
        () => 'done',
        (error: { code: string }) => error.code,
      )
      expect(outcome).to.equal('42501')
    }
  })
})
