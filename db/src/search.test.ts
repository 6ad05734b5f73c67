import { expect } from 'chai'
import { sql } from 'kysely'
import { asUser } from './as-user.ts'
import { createDatabase, type Database } from './database.ts'
import { indexDocuments } from './maintenance.ts'
import { createLibrary, type Library } from './testing-library.ts'

describe('search', () => {
  let library: Library
  let api: Database
  before(async () => {
    library = await createLibrary()
    api = createDatabase({ url: library.url, role: 'mdcreator_api', size: 1 })
    for (const [title, text] of [
      ['Café', 'Crème brûlée in the Łódź café: see src/http/server.ts, foo_bar.'],
      ['東京', '東京都に住むことは楽しい。'],
      ['서울', '서울에서 만나요'],
      ['กรุงเทพ', 'ภาษาไทยไม่มีช่องว่าง'],
      ['Наброски', 'Ещё один Текст о Москве'],
      ['Draft', 'New York is not York, neither new nor old.'],
    ] as const) {
      await library.document({ title, text })
    }
    expect(await indexDocuments(api)).to.equal(6)
  })
  after(async () => {
    await api.destroy()
    await library.stop()
  })

  const search = (query: string, more = sql``) =>
    asUser(api, library.user, async (trx) => {
      const { rows } = await sql<{ document_id: string; title: string; rank: number }>`
        select s.document_id, d.title, s.rank from search_documents(${query}${more}) s join documents d on d.id = s.document_id
        order by s.rank desc, s.document_id desc`.execute(trx)
      return rows
    })
  const titles = async (query: string) => (await search(query)).map((row) => row.title)

  for (const [query, title] of [
    ['cafe', 'Café'],
    ['CAFÉ', 'Café'],
    ['creme brulee', 'Café'],
    ['lodz', 'Café'],
    ['bru', 'Café'],
    ['server', 'Café'],
    ['foo_bar', 'Café'],
    ['東京都', '東京'],
    ['京', '東京'],
    ['住むこと', '東京'],
    ['しい', '東京'],
    ['서울', '서울'],
    ['만나', '서울'],
    ['ไทย', 'กรุงเทพ'],
    ['еще текст', 'Наброски'],
    ['москв', 'Наброски'],
    ['"new york"', 'Draft'],
    ['york -cafe', 'Draft'],
    ['nothing or york', 'Draft'],
  ] as const) {
    it(`finds ${query} in ${title}`, async () => {
      expect(await titles(query)).to.deep.equal([title])
    })
  }

  for (const query of [
    '',
    ' ',
    '-',
    '"',
    '京東',
    '"york new"',
    'york -new',
    'yorks',
    ':*',
    `'; drop table documents; --`,
    '\\',
    '((',
    'a & | !',
  ]) {
    it(`finds nothing for ${JSON.stringify(query)}`, async () => {
      expect(await titles(query)).to.deep.equal([])
    })
  }

  it('follows changes, some seconds later, and forgets what was deleted', async () => {
    const id = await library.document({ title: 'Before', text: 'firstwords' })
    await indexDocuments(api)
    expect(await titles('firstwords')).to.deep.equal(['Before'])
    await library.db.query(`update documents set content = 'x', plain_text = 'secondwords' where id = $1`, [id])
    expect(await indexDocuments(api), 'not yet').to.equal(0)
    await library.db.query(`update search_queue set due_at = now() - interval '1 s'`)
    expect(await indexDocuments(api)).to.equal(1)
    expect(await titles('firstwords')).to.deep.equal([])
    expect(await titles('secondwords')).to.deep.equal(['Before'])
    await library.db.query('update documents set deleted_at = now() where id = $1', [id])
    expect(await titles('secondwords'), 'at once').to.deep.equal([])
    await library.db.query(`update search_queue set due_at = now() - interval '1 s'`)
    await indexDocuments(api)
    const { rows } = await library.db.query('select from document_search where document_id = $1', [id])
    expect(rows).to.deep.equal([])
  })

  it('queues a document once for all its edits, and not for a checkpoint', async () => {
    const id = await library.document()
    await indexDocuments(api)
    const queued = async () => (await library.db.query('select document_id from search_queue')).rows.length
    await library.db.query(`update documents set yjs_state = 'x', epoch = epoch + 1 where id = $1`, [id])
    expect(await queued()).to.equal(0)
    for (const text of ['a', 'b', 'c'])
      await library.db.query('update documents set content = $2 where id = $1', [id, text])
    expect(await queued()).to.equal(1)
    await library.db.query('delete from search_queue')
  })

  it('stores a text that has too many words for a tsvector, and finds it by its first part', async () => {
    const text = Array.from({ length: 400_000 }, (_, i) => `w${(i * 7919).toString(36)}x${i.toString(36)}`).join(' ')
    await library.document({ title: 'Endless', text })
    expect(await indexDocuments(api)).to.equal(1)
    expect(await titles('endless')).to.deep.equal(['Endless'])
    expect(await titles('w0x0')).to.deep.equal(['Endless'])
  }).timeout(60_000)

  it('goes on page by page, and stays in the workspace that is asked for', async () => {
    const elsewhere = await library.found(library.user)
    for (let i = 0; i < 7; i++)
      await library.document({ title: `Page ${i}`, text: 'pages '.repeat(i), workspace: elsewhere })
    await indexDocuments(api)
    const all = await search('page')
    expect(all).to.have.length(7)
    const seen: string[] = []
    let last: (typeof all)[number] | undefined
    do {
      const page = await search(
        'page',
        sql`, ${elsewhere}, ${last?.rank ?? null}::real, ${last?.document_id ?? null}::uuid, 3`,
      )
      seen.push(...page.map((row) => row.document_id))
      last = page.at(-1)
    } while (last)
    expect(seen).to.deep.equal(all.map((row) => row.document_id))
    expect(await search('page', sql`, ${library.workspace}`)).to.deep.equal([])
  })
})
