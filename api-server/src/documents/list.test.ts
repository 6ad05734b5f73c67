import { expect } from 'chai'
import { createDocument, createWorkspace, type Json, testApi, testUser, testWorkspace } from '../testing.ts'

describe('listing documents', () => {
  const api = testApi()
  const user = testUser(api)
  const workspace = testWorkspace(api, user)
  before(async () => {
    for (const title of ['delta', 'alpha', 'echo', 'bravo', 'charlie']) {
      await createDocument(api, user, workspace.id, { title, content: `text of ${title}` })
    }
  })

  const list = (query: string, workspaceId = workspace.id) =>
    api.request('GET', `/workspaces/${workspaceId}/documents${query}`, { token: user.token })
  const titles = (body: Json) => body.items.map((item: Json) => item.title).join(' ')

  async function walk(query: string): Promise<string> {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const { body }: { body: Json } = await list(`${query}&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      seen.push(titles(body))
      cursor = body.next_cursor
    } while (cursor)
    return seen.join(' | ')
  }

  it('gives the last changed first, without the text', async () => {
    const { status, body } = await list('')
    expect(status).to.equal(200)
    expect(titles(body)).to.equal('charlie bravo echo alpha delta')
    expect(body.next_cursor).to.equal(null)
    expect(body.items[0]).to.have.property('content_hash')
    expect(body.items[0]).not.to.have.any.keys('content', 'sort_key', 'plain_text')
  })

  it('goes through pages in every order', async () => {
    expect(await walk('?sort=title')).to.equal('alpha bravo | charlie delta | echo')
    expect(await walk('?sort=title&order=desc')).to.equal('echo delta | charlie bravo | alpha')
    expect(await walk('?sort=updated_at')).to.equal('charlie bravo | echo alpha | delta')
    expect(await walk('?sort=updated_at&order=asc')).to.equal('delta alpha | echo bravo | charlie')
  })

  it('skips and repeats nothing when documents appear meanwhile', async () => {
    const other = await createWorkspace(api, user)
    for (const title of ['b', 'd', 'f']) await createDocument(api, user, other.id, { title })
    const first = (await list('?sort=title&limit=2', other.id)).body
    for (const title of ['a', 'c', 'e']) await createDocument(api, user, other.id, { title })
    const second = (await list(`?sort=title&limit=2&cursor=${first.next_cursor}`, other.id)).body
    expect([titles(first), titles(second)]).to.deep.equal(['b d', 'e f'])
  })

  it('answers 304 to the ETag of a list', async () => {
    const etag = String((await list('')).headers.get('ETag'))
    const path = `/workspaces/${workspace.id}/documents`
    const again = await api.request('GET', path, { token: user.token, headers: { 'If-None-Match': etag } })
    expect(again.status).to.equal(304)
  })

  it('refuses a forged cursor, and one of another list, with 422', async () => {
    const cursor = (await list('?sort=title&limit=2')).body.next_cursor
    const [payload, signature] = cursor.split('.')
    const forged = Buffer.from(JSON.stringify(['x', "' or 1=1"])).toString('base64url')
    const queries = [
      `?sort=title&cursor=${forged}.${signature}`,
      `?sort=title&cursor=${payload}`,
      `?sort=title&cursor=${cursor}.x`,
      '?sort=title&cursor=',
      '?cursor=garbage',
      `?sort=title&cursor=${'x'.repeat(5000)}`,
      `?sort=updated_at&cursor=${cursor}`,
      `?sort=title&order=desc&cursor=${cursor}`,
      `?sort=title&deleted=true&cursor=${cursor}`,
    ]
    for (const query of queries) {
      const answer = await list(query)
      expect(answer.status, query).to.equal(422)
      expect(answer.body.errors[0].pointer).to.equal('/cursor')
    }
    const other = await createWorkspace(api, user)
    expect((await list(`?sort=title&cursor=${cursor}`, other.id)).status).to.equal(422)
  })

  for (const query of [
    '?limit=0',
    '?limit=201',
    '?limit=x',
    '?limit=1e1',
    '?sort=id',
    '?deleted=1',
    '?order=up',
    '?a=b',
    '?limit=1&limit=2',
  ]) {
    it(`refuses ${query} with 422`, async () => {
      expect((await list(query)).status).to.equal(422)
    })
  }
})
