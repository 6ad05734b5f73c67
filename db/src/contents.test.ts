import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { createLibrary, type Library } from './testing-library.ts'

describe('what belongs to a document', () => {
  let library: Library
  before(async () => {
    library = await createLibrary()
  })
  after(() => library.stop())

  const rows = async (query: string, values: unknown[] = []) => (await library.db.query(query, values)).rows
  const failure = (query: string, values: unknown[] = []): Promise<string> =>
    library.db.query(query, values).then(
      () => 'none',
      (error) => error.constraint ?? error.code,
    )
  const keep = (document: string, content: string) =>
    library.db.query(
      `insert into document_versions (document_id, title, content) values ($1, 'x', $2) returning number`,
      [document, content],
    )
  const comment = async (document: string, parent: string | null = null): Promise<string> => {
    const id = newId()
    await library.db.query(
      `insert into comments (id, document_id, parent_id, body, created_by) values ($1, $2, $3, 'Why?', $4)`,
      [id, document, parent, library.user],
    )
    return id
  }

  it('numbers versions from 1 in each document, without gaps or twins, also where many are kept at once', async () => {
    const [one, other] = [await library.document(), await library.document()]
    await Promise.all(Array.from({ length: 40 }, (_, i) => keep(i % 4 ? one : other, `text ${i}`)))
    for (const [document, count] of [[one, 30] as const, [other, 10] as const]) {
      const numbers = await rows('select number from document_versions where document_id = $1 order by 1', [document])
      expect(numbers.map((row) => row.number)).to.deep.equal(Array.from({ length: count }, (_, i) => i + 1))
    }
  })

  it('finds a text that was kept or handed out by its hash, which nobody can choose', async () => {
    const document = await library.document()
    await keep(document, 'héllo')
    await library.db.query('insert into document_bases (document_id, content) values ($1, $2)', [document, 'héllo'])
    for (const table of ['document_versions', 'document_bases']) {
      const found = await rows(
        `select content from ${table} where document_id = $1 and content_hash = sha256_hex('héllo')`,
        [document],
      )
      expect(found, table).to.deep.equal([{ content: 'héllo' }])
      const planted = await failure(`insert into ${table} (document_id, content, content_hash) values ($1, 'x', 'y')`, [
        document,
      ])
      expect(planted, table).to.equal('428C9')
    }
  })

  it('takes its workspace from the document, and goes with it when it moves', async () => {
    const elsewhere = await library.found(library.user)
    const document = await library.document()
    await keep(document, 'text')
    const id = await comment(document)
    await library.db.query(`insert into comment_reactions (comment_id, user_id, emoji) values ($1, $2, '👍')`, [
      id,
      library.user,
    ])
    await library.db.query('insert into mindmaps (document_id, workspace_id) values ($1, $2)', [document, elsewhere])
    await library.db.query(
      `insert into attachments (workspace_id, document_id, filename, content_type, size, sha256, storage_key, created_by)
       values ($1, $2, 'a', 'a/b', 1, repeat('a', 64), 'moved', $3)`,
      [elsewhere, document, library.user],
    )
    const whereabouts = async () =>
      (
        await rows(
          `select workspace_id from document_versions where document_id = $1
           union all select workspace_id from comments where document_id = $1
           union all select workspace_id from comment_reactions where comment_id = $2
           union all select workspace_id from mindmaps where document_id = $1
           union all select workspace_id from attachments where document_id = $1`,
          [document, id],
        )
      ).map((row) => row.workspace_id)
    expect(await whereabouts()).to.deep.equal(Array(5).fill(library.workspace))
    await library.db.query('update documents set workspace_id = $2 where id = $1', [document, elsewhere])
    expect(await whereabouts()).to.deep.equal(Array(5).fill(elsewhere))
  })

  it('has threads of one level, each in one document', async () => {
    const [document, other] = [await library.document(), await library.document()]
    const first = await comment(document)
    const answer = await comment(document, first)
    const reply = (where: string, parent: string) =>
      failure(`insert into comments (document_id, parent_id, body, created_by) values ($1, $2, 'x', $3)`, [
        where,
        parent,
        library.user,
      ])
    expect(await reply(document, first)).to.equal('none')
    expect(await reply(document, answer), 'an answer to an answer').to.equal('comments_parent_thread')
    expect(await reply(other, first), 'in another document').to.equal('comments_parent_thread')
    await library.db.query('update comments set deleted_at = now() where id = $1', [first])
    expect(await reply(document, first), 'in a deleted thread').to.equal('comments_parent_thread')
  })

  it('counts what changes a comment: not where its anchor was found', async () => {
    const id = await comment(await library.document())
    const version = async () => (await rows('select version from comments where id = $1', [id]))[0].version
    await library.db.query('update comments set range_start = 3, range_end = 9 where id = $1', [id])
    expect(await version()).to.equal(1)
    await library.db.query(`update comments set body = 'Because.' where id = $1`, [id])
    expect(await version()).to.equal(2)
    await library.db.query(`insert into comment_reactions (comment_id, user_id, emoji) values ($1, $2, '👍')`, [
      id,
      library.user,
    ])
    expect(await version()).to.equal(3)
  })

  it('refuses half an anchor, an anchored answer, and a resolution by nobody', async () => {
    const document = await library.document()
    const parent = await comment(document)
    const add = (columns: string, values: string) =>
      failure(`insert into comments (document_id, body, created_by, ${columns}) values ($1, 'x', $2, ${values})`, [
        document,
        library.user,
      ])
    const anchor = `'q', '', '', '\\x00', '\\x00', 'anchored'`
    const columns = 'quote, prefix, suffix, anchor_start, anchor_end, anchor_state'
    expect(await add(columns, anchor)).to.equal('none')
    expect(await add('quote', `'q'`)).to.equal('comments_anchor')
    expect(await add(`parent_id, ${columns}`, `'${parent}', ${anchor}`)).to.equal('comments_answer')
    expect(await add('resolved_at', 'now()')).to.equal('comments_resolved')
  })

  it('holds the same bytes once in a workspace, and again once they were deleted', async () => {
    const add = () =>
      failure(
        `insert into context_files (workspace_id, filename, content_type, size, content_hash, storage, created_by)
         values ($1, 'a', 'a/b', 1, repeat('a', 64), 'local', $2)`,
        [library.workspace, library.user],
      )
    expect(await add()).to.equal('none')
    expect(await add()).to.equal('context_files_bytes')
    await library.db.query('update context_files set deleted_at = now()')
    expect(await add()).to.equal('none')
  })

  it('refuses file names that leave their folder', async () => {
    for (const name of ['../x', 'a/b', 'a\\b', 'a\nb', '']) {
      const error = await failure(
        `insert into attachments (workspace_id, filename, content_type, size, sha256, storage_key, created_by)
         values ($1, $2, 'a/b', 1, repeat('a', 64), 'k', $3)`,
        [library.workspace, name, library.user],
      )
      expect(error).to.equal('attachments_filename_check')
    }
  })
})
