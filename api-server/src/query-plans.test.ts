import { asUser } from '@mdcreator/db/as-user'
import { createDatabase, type DB } from '@mdcreator/db/database'
import { createTestDatabase, type TestDatabase } from '@mdcreator/db/testing'
import { createExplainer } from '@mdcreator/db/testing-explain'
import { document, fillLargeWorkspace, user, workspace } from '@mdcreator/db/testing-large-workspace'
import { expect } from 'chai'
import { type RawBuilder, sql, type Transaction } from 'kysely'
import { documentsQuery, findDocument, type ListOptions } from './documents/documents.queries.ts'
import type { Key } from './http/page.ts'
import { findMember, listMembers } from './members/members.queries.ts'
import { listLastHere } from './presence/presence.queries.ts'
import { findWorkspace, listWorkspaces } from './workspaces/workspaces.queries.ts'

type Query = (trx: Transaction<DB>) => Promise<unknown>
const raw =
  (statement: RawBuilder<unknown>): Query =>
  (trx) =>
    statement.execute(trx)
const page = { after: undefined, limit: 50 }
const middle: Key = ['Title 8', document]
const documents =
  (options: Partial<ListOptions>): Query =>
  (trx) =>
    documentsQuery(trx, user, {
      ...{ workspaceId: workspace, deleted: false, sort: 'title', order: 'asc', ...page },
      ...options,
    }).execute()

/** Every list and search, and the index that it must stay on. Those of later endpoints are written as these will be. */
const queries: Record<string, [index: string, query: Query]> = {
  'a document': ['documents_pkey', (trx) => findDocument(trx, user, document)],
  'documents by title': ['documents_by_title', documents({})],
  'documents by title, a later page': ['documents_by_title', documents({ after: middle })],
  'documents by title, backwards': ['documents_by_title', documents({ order: 'desc', after: middle })],
  'documents by their last change': ['documents_by_update', documents({ sort: 'updated_at', order: 'desc' })],
  'documents by their last change, a later page': [
    'documents_by_update',
    documents({ sort: 'updated_at', order: 'desc', after: [new Date(Date.now() - 3600_000).toISOString(), document] }),
  ],
  'the trash by title': ['documents_trash_by_title', documents({ deleted: true })],
  'the trash by last change': [
    'documents_trash_by_update',
    documents({ deleted: true, sort: 'updated_at', order: 'desc' }),
  ],
  'a workspace': ['workspaces_pkey', (trx) => findWorkspace(trx, user, workspace)],
  workspaces: ['workspace_members_user', (trx) => listWorkspaces(trx, user, page)],
  members: ['workspace_members_joined', (trx) => listMembers(trx, workspace, page)],
  'a member': ['workspace_members_pkey', (trx) => findMember(trx, workspace, user)],
  'who was in a document': ['presence_pkey', (trx) => listLastHere(trx, document, { without: [], limit: 50 })],
  versions: [
    'document_versions_document_id_number_key',
    raw(sql`select number, label, created_at from document_versions where document_id = ${document} and number < 9000
      order by number desc limit 50`),
  ],
  'the base of a change': [
    'document_versions_hash',
    raw(
      sql`select content from document_versions where document_id = ${document} and content_hash = sha256_hex('version 7')`,
    ),
  ],
  comments: [
    'comments_thread',
    raw(sql`select id, body from comments where document_id = ${document} and deleted_at is null
      and (created_at, id) > (now() - interval '1 hour', ${document}::uuid) order by created_at, id limit 50`),
  ],
  reactions: [
    'comment_reactions_pkey',
    raw(sql`select emoji, user_id from comment_reactions where comment_id = any (${[document, user]}::uuid[])`),
  ],
  "a document's attachments": [
    'attachments_document',
    raw(sql`select id, filename from attachments where document_id = ${document} and deleted_at is null
      order by created_at, id limit 50`),
  ],
  'context files': [
    'context_files_list',
    raw(sql`select id, filename from context_files where workspace_id = ${workspace} and deleted_at is null
      order by created_at, id limit 50`),
  ],
  'a context file by its bytes': [
    'context_files_bytes',
    raw(
      sql`select id from context_files where workspace_id = ${workspace} and deleted_at is null and content_hash = ${'a'.repeat(64)}`,
    ),
  ],
  'the own usage': [
    'usage_metrics_user',
    raw(sql`select count(*) from usage_metrics where user_id = ${user} and created_at > now() - interval '1 hour'`),
  ],
  'the usage in a workspace': [
    'usage_metrics_workspace',
    raw(sql`select * from usage_metrics where workspace_id = ${workspace} and created_at > now() - interval '10 days'`),
  ],
  'changes since': ['sync_log_workspace', raw(sql`select * from changes_after('500', 0, 200)`)],
  'changes of one person only': ['sync_log_audience', raw(sql`select * from changes_after('500', 0, 200)`)],
  'a search for a rare word': ['document_search_vector', raw(sql`select * from search_documents('rare777')`)],
  'a search for a common word': [
    'document_search_vector',
    raw(sql`select * from search_documents('common1', ${workspace})`),
  ],
  'a search for the beginning of a word': ['document_search_vector', raw(sql`select * from search_documents('wor')`)],
  'a later page of a search': [
    'document_search_vector',
    raw(sql`select * from search_documents('common1 word11', null, 0.05, ${document}::uuid)`),
  ],
}

describe('query plans, beneath row-level security, with 100,000 documents in a workspace', function () {
  this.timeout(120_000)
  let database: TestDatabase
  let explainer: ReturnType<typeof createExplainer>
  before(async () => {
    database = await createTestDatabase()
    const owner = createDatabase({ url: database.url, size: 1, settings: ['statement_timeout=0'] })
    await fillLargeWorkspace(owner)
    await owner.destroy()
    explainer = createExplainer(database.url)
  })
  after(async () => {
    await explainer.stop()
    await database.drop()
  })

  const small = ['workspaces', 'search_queue']

  for (const [name, [index, query]] of Object.entries(queries)) {
    it(`reads ${name} by ${index}`, async () => {
      const rows = await asUser(explainer.db, user, query)
      const { indexes, sequential } = explainer.accessed()
      expect(indexes).to.include(index)
      expect(sequential.filter((table) => !small.includes(table))).to.deep.equal([])
      expect(rows).not.to.equal(undefined)
    })
  }

  it('would notice a table that is read as a whole', async () => {
    await asUser(explainer.db, user, raw(sql`select count(*) from documents where plain_text = 'x'`))
    expect(explainer.accessed().sequential).to.deep.equal(['documents'])
  })
})
