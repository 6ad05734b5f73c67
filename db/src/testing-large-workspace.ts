import { sql } from 'kysely'
import type { Database } from './database.ts'

// For tests only: a workspace as large as any that we promise to serve, made inside the database.

export const user = '00000000-0000-4000-8000-000000000001'
export const workspace = '00000000-0000-4000-9000-000000000001'
/** The document with many comments, versions and attachments. */
export const document = '00000000-0000-4000-a000-000000000001'
const id = (kind: string) => sql.raw(`('00000000-0000-4000-${kind}-' || lpad(n::text, 12, '0'))::uuid`)

/** 100,000 documents, as many changes, and 20,000 of the rest. Needs a superuser, since triggers rest meanwhile. */
export async function fillLargeWorkspace(owner: Database): Promise<void> {
  await owner.connection().execute(async (db) => {
    const run = (statement: ReturnType<typeof sql>) => statement.execute(db)
    await run(sql`set session_replication_role = replica`)
    await run(sql`insert into users (id, subject, email, display_name)
      select ${id('8000')}, n, n || '@example.com', 'Person ' || n from generate_series(1, 5000) n`)
    await run(sql`insert into workspaces (id, name, created_by, created_at)
      select ${id('9000')}, 'Workspace ' || n, ${user}::uuid, now() - make_interval(mins => n) from generate_series(1, 2000) n`)
    // The user is in 20 workspaces of 2,000; the large one has 5,000 members.
    await run(sql`insert into workspace_members (workspace_id, user_id, role)
      select ${id('9000')}, ${user}::uuid, 'owner' from generate_series(1, 20) n`)
    await run(sql`insert into workspace_members (workspace_id, user_id, role)
      select ${workspace}::uuid, ${id('8000')}, 'viewer' from generate_series(2, 5000) n`)
    await run(sql`insert into workspace_members (workspace_id, user_id, role)
      select ${id('9000')}, ${id('8000')}, 'owner' from generate_series(21, 2000) n`)
    await run(sql`insert into documents (id, workspace_id, title, content, plain_text, created_by, updated_at, deleted_at)
      select ${id('a000')}, ${workspace}::uuid, 'Title ' || md5(n::text), 'words', 'words', ${user}::uuid,
        now() - make_interval(secs => n), case when n % 3 = 0 then now() end
      from generate_series(1, 100000) n`)
    await run(sql`insert into document_versions (document_id, workspace_id, number, title, content)
      select ${document}::uuid, ${workspace}::uuid, n, 'Title', 'version ' || n from generate_series(1, 20000) n`)
    await run(sql`insert into comments (document_id, workspace_id, body, created_by, created_at)
      select ${id('a000')}, ${workspace}::uuid, 'Why?', ${user}::uuid, now() - make_interval(secs => n) from generate_series(2, 10000) n
      union all select ${document}::uuid, ${workspace}::uuid, 'Why?', ${user}::uuid, now() - make_interval(secs => n) from generate_series(1, 10000) n`)
    await run(sql`insert into comment_reactions (comment_id, workspace_id, user_id, emoji)
      select id, workspace_id, created_by, 'x' from comments`)
    await run(sql`insert into attachments (workspace_id, document_id, filename, content_type, size, sha256, storage_key, created_by)
      select ${workspace}::uuid, ${id('a000')}, 'a.png', 'image/png', 1, repeat('a', 64), 'a' || n, ${user}::uuid from generate_series(1, 20000) n`)
    await run(sql`insert into context_files (workspace_id, filename, content_type, size, content_hash, storage, created_by)
      select ${workspace}::uuid, 'a.txt', 'text/plain', 1, encode(sha256(n::text::bytea), 'hex'), 'local', ${user}::uuid
      from generate_series(1, 20000) n`)
    await run(sql`insert into usage_metrics (user_id, workspace_id, kind, provider, model, key_owner, created_at)
      select ${id('8000')}, ('00000000-0000-4000-9000-' || lpad((n % 100 + 1)::text, 12, '0'))::uuid, 'ai.generate', 'x', 'x',
        'user', now() - make_interval(mins => n) from generate_series(1, 20000) n`)
    await run(sql`insert into presence (document_id, user_id)
      select ${id('a000')}, ${user}::uuid from generate_series(1, 20000) n`)
    await run(sql`insert into invitations (workspace_id, email, role, token_hash, invited_by, created_at)
      select ${id('9000')}, n || '@example.com', 'viewer', n::text::bytea, ${user}::uuid, now() - make_interval(mins => n) from generate_series(1, 2000) n`)
    await run(sql`insert into sync_log (txid, entity, entity_id, workspace_id, op, audience)
      select (n / 10)::text::xid8, 'document', ${id('a000')}, ${workspace}::uuid, 'upsert', null from generate_series(1, 100000) n`)
    // Half of the words of all documents are common ones, of which each is in every tenth document.
    await run(sql`drop index document_search_vector`)
    await run(sql`insert into document_search (document_id, vector)
      select id, array_to_tsvector(array[workspace_word(workspace_id)]) || to_tsvector('simple', concat_ws(' ',
        'common' || n % 10, 'word' || n % 1000, 'rare' || n)) from (select id, workspace_id, row_number() over () as n from documents) d`)
    await run(sql`create index document_search_vector on document_search using gin (vector)`)
    await run(sql`set session_replication_role = origin`)
  })
  await sql`vacuum analyze`.execute(owner)
}
