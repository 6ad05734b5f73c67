import { createHash } from 'node:crypto'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { addMember, createDocument, createWorkspace, signUp, testApi, testUser, testWorkspace } from '../testing.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('documents', () => {
  const api = testApi()
  const owner = testUser(api)
  const workspace = testWorkspace(api, owner)

  const create = (body: unknown, user = owner) =>
    api.request('POST', `/workspaces/${workspace.id}/documents`, { token: user.token, body })

  it('creates a document', async () => {
    const answer = await create({ title: 'Test Document', content: '# Hello World' })
    expect(answer.status).to.equal(201)
    const { body } = answer
    expect(body.id).to.match(/^[0-9a-f-]{36}$/)
    expect(body).to.include({
      title: 'Test Document',
      content: '# Hello World',
      content_hash: sha256('# Hello World'),
      workspace_id: workspace.id,
      created_by: owner.id,
      updated_by: owner.id,
      doc_type: 'markdown',
      version: 1,
      yjs_clock: 0,
      role: 'owner',
      deleted_at: null,
    })
    expect(body.created_at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(answer.headers.get('Location')).to.equal(`/api/v1/documents/${body.id}`)
    expect(answer.headers.get('ETag')).to.equal(`"${body.content_hash}-1-owner"`)
    const keys =
      'id workspace_id title doc_type content content_hash yjs_clock version created_by updated_by created_at updated_at deleted_at role'
    expect(Object.keys(body)).to.have.members(keys.split(' '))
  })

  it('stores the text in canonical form, with its plain text and word count', async () => {
    const { body } = await create({ title: 'Setext', content: 'Title\n=====\n\n* one\n* two\n' })
    expect(body.content).to.match(/^# Title\n\n- one\n/)
    const again = await create({ title: 'Again', content: body.content })
    expect(again.body.content_hash).to.equal(body.content_hash)
    const row = await api.owner
      .selectFrom('documents')
      .select(['plain_text', 'word_count', 'yjs_state'])
      .where('id', '=', body.id)
      .executeTakeFirstOrThrow()
    expect(row.plain_text).to.contain('Title').and.not.contain('#')
    expect(row.word_count).to.equal(3)
    expect(row.yjs_state).to.equal(null)
  })

  it('takes an id from the client, once', async () => {
    const id = newId()
    expect((await create({ id, title: 'Mine' })).body.id).to.equal(id)
    const stranger = await signUp(api)
    const other = await createWorkspace(api, stranger)
    const taken = await api.request('POST', `/workspaces/${other.id}/documents`, {
      token: stranger.token,
      body: { id, title: 'Theirs' },
    })
    expect(taken.status).to.equal(409)
    expect(taken.body.type).to.equal('https://mdcreator.app/problems/id-taken')
    expect(taken.text).not.to.contain('Mine').and.not.contain(workspace.id)
  })

  for (const [what, body, pointer] of [
    ['an unknown property', { title: 'x', created_by: newId() }, '/created_by'],
    ['a title of the wrong type', { title: 7 }, '/title'],
    ['no title', {}, '/title'],
    ['an empty title', { title: '  ' }, '/title'],
    ['a title that is too long', { title: 'x'.repeat(501) }, '/title'],
    ['a NUL', { title: 'x', content: 'a\0b' }, '/content'],
    ['a lone surrogate', { title: 'x', content: 'a\ud800' }, '/content'],
    ['an id that is no UUID', { id: 'x', title: 'x' }, '/id'],
    ['an id in upper case', { id: newId().toUpperCase(), title: 'x' }, '/id'],
    ['an unknown type', { title: 'x', doc_type: 'pdf' }, '/doc_type'],
    ['text in a mind map', { title: 'x', doc_type: 'mindmap', content: 'a' }, '/content'],
  ] as const) {
    it(`refuses ${what} with 422`, async () => {
      const answer = await create(body)
      expect(answer.status).to.equal(422)
      expect(answer.body.errors[0].pointer).to.equal(pointer)
    })
  }

  it('takes 2 MiB of text, and refuses more with 413', async () => {
    const line = 'word '.repeat(20).trim()
    const lines = (bytes: number) => Array.from({ length: Math.floor(bytes / 101) }, () => line).join('\n\n')
    const limit = 2 * 1024 * 1024
    expect((await create({ title: 'Large', content: lines(limit - 400_000) })).status).to.equal(201)
    expect((await create({ title: 'Too large', content: 'é'.repeat(limit / 2 + 1) })).status).to.equal(413)
    expect((await create({ title: 'Far too large', content: 'x'.repeat(3 * limit) })).status).to.equal(413)
  })

  it('refuses with 413 a text that its escapes make too large', async () => {
    const content = `x${'*'.repeat(1024 * 1024)}x`
    expect((await create({ title: 'Escaped', content })).status).to.equal(413)
  })

  it('answers a document, and 304 to its ETag', async () => {
    const { id } = await createDocument(api, owner, workspace.id)
    const first = await api.request('GET', `/documents/${id}`, { token: owner.token })
    expect(first.status).to.equal(200)
    expect(first.headers.get('Cache-Control')).to.equal('private, no-cache')
    expect(first.headers.get('Vary')).to.contain('Authorization')
    const etag = String(first.headers.get('ETag'))
    for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await api.request('GET', `/documents/${id}`, {
        token: owner.token,
        headers: { 'If-None-Match': condition },
      })
      expect(again.status, condition).to.equal(304)
      expect(again.headers.get('ETag')).to.equal(etag)
      expect(again.text).to.equal('')
    }
    const other = await api.request('GET', `/documents/${id}`, {
      token: owner.token,
      headers: { 'If-None-Match': '"x"' },
    })
    expect(other.status).to.equal(200)
  })

  it('answers the text as Markdown with its hash as ETag', async () => {
    const { id, content_hash } = await createDocument(api, owner, workspace.id)
    const answer = await api.request('GET', `/documents/${id}/content`, { token: owner.token })
    expect(answer.text).to.equal('# Hello World')
    expect(answer.headers.get('Content-Type')).to.equal('text/markdown; charset=utf-8')
    expect(answer.headers.get('ETag')).to.equal(`"${content_hash}"`)
    const again = await api.request('GET', `/documents/${id}/content`, {
      token: owner.token,
      headers: { 'If-None-Match': `"${content_hash}"` },
    })
    expect(again.status).to.equal(304)
  })

  it('answers HEAD without a body', async () => {
    const { id } = await createDocument(api, owner, workspace.id)
    const answer = await api.request('HEAD', `/documents/${id}`, { token: owner.token })
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('ETag')).to.match(/-owner"$/)
    expect(answer.text).to.equal('')
  })

  it('answers 404 alike to a stranger, for what is absent and for ids that are none', async () => {
    const { id } = await createDocument(api, owner, workspace.id)
    const stranger = await signUp(api)
    const answers = await Promise.all([
      api.request('GET', `/documents/${id}`, { token: stranger.token }),
      api.request('GET', `/documents/${newId()}`, { token: owner.token }),
      api.request('GET', '/documents/not-a-uuid', { token: owner.token }),
      api.request('GET', `/documents/${id.toUpperCase()}`, { token: owner.token }),
      api.request('GET', '/documents/%zz', { token: owner.token }),
      api.request('GET', '/documents/a%00b', { token: owner.token }),
      api.request('GET', `/documents/${id}/content`, { token: stranger.token }),
      api.request('PATCH', `/documents/${id}`, { token: stranger.token, body: { title: 'Stolen' } }),
      api.request('DELETE', `/documents/${id}`, { token: stranger.token }),
      create({ title: 'Intruder' }, stranger),
      api.request('GET', `/workspaces/${workspace.id}/documents`, { token: stranger.token }),
    ])
    const { instance: _, ...first } = answers[0]?.body ?? {}
    for (const { status, body } of answers) {
      expect(status).to.equal(404)
      expect(body).to.deep.include(first)
    }
  })

  it('lets a viewer read and nothing more', async () => {
    const document = await createDocument(api, owner, workspace.id)
    const viewer = await signUp(api)
    await addMember(api, workspace.id, viewer, 'viewer')
    const read = await api.request('GET', `/documents/${document.id}`, { token: viewer.token })
    expect(read.body.role).to.equal('viewer')
    expect(read.headers.get('ETag')).to.match(/-viewer"$/)
    const writes = await Promise.all([
      create({ title: 'Mine' }, viewer),
      api.request('PATCH', `/documents/${document.id}`, { token: viewer.token, body: { title: 'Mine' } }),
      api.request('PATCH', `/documents/${document.id}`, {
        token: viewer.token,
        body: { content: 'Mine', base_hash: document.content_hash },
      }),
      api.request('DELETE', `/documents/${document.id}`, { token: viewer.token }),
    ])
    expect(writes.map((answer) => answer.status)).to.deep.equal([403, 403, 403, 403])
  })
})
