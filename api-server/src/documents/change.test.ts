import { createHash } from 'node:crypto'
import { BusError } from '@mdcreator/shared/bus/bus'
import { until } from '@mdcreator/shared/testing'
import { expect } from 'chai'
import { sql } from 'kysely'
import {
  type Answer,
  addMember,
  createDocument,
  type Json,
  type RequestOptions,
  signUp,
  testApi,
  testUser,
  testWorkspace,
} from '../testing.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

describe('changing a document', () => {
  const api = testApi()
  const user = testUser(api)
  const workspace = testWorkspace(api, user)
  let document: Json
  let etag: string
  const withdrawals: (() => void)[] = []
  beforeEach(async () => {
    document = await createDocument(api, user, workspace.id)
    etag = `"${document.content_hash}-1-owner"`
  })
  afterEach(() => {
    for (const withdraw of withdrawals.splice(0)) withdraw()
  })

  const patch = (body: unknown, headers: RequestOptions['headers'] = {}): Promise<Answer> =>
    api.request('PATCH', `/documents/${document.id}`, { token: user.token, body, headers })

  /** Does to the row what the collaboration server's contract says. */
  function actAsCollabServer(): void {
    const withdraw = api.bus.handle('document.write-markdown', async (command) => {
      const rows = api.owner.selectFrom('documents').select(['content', 'content_hash', 'version'])
      const row = await rows.where('id', '=', command.document_id).executeTakeFirst()
      if (!row) return { outcome: 'not-found' }
      const isStale =
        row.content_hash !== command.base_hash ||
        (command.base_version !== undefined && command.base_version !== row.version)
      if (isStale) return { outcome: 'conflict', content: row.content, content_hash: row.content_hash }
      await api.owner
        .updateTable('documents')
        .set({ content: command.content, updated_by: command.user_id, ...(command.title && { title: command.title }) })
        .where('id', '=', command.document_id)
        .execute()
      return { outcome: 'written' }
    })
    withdrawals.push(withdraw)
  }

  describe('its title', () => {
    const waitingForLocks = async (): Promise<number> => {
      const { rows } = await sql<{ pid: number }>`
        select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        api.owner,
      )
      return rows.length
    }

    it('changes it and gives a new ETag', async () => {
      const answer = await patch({ title: '  Renamed ' }, { 'If-Match': etag })
      expect(answer.status).to.equal(200)
      expect(answer.body).to.include({ title: 'Renamed', version: 2, updated_by: user.id })
      expect(answer.headers.get('ETag')).to.equal(`"${document.content_hash}-2-owner"`)
    })

    it('changes it without a condition, and under *', async () => {
      expect((await patch({ title: 'One' })).status).to.equal(200)
      expect((await patch({ title: 'Two' }, { 'If-Match': '*' })).status).to.equal(200)
    })

    it('keeps the ETag where the title is the same', async () => {
      const answer = await patch({ title: document.title })
      expect(answer.headers.get('ETag')).to.equal(etag)
    })

    it('refuses a stale, a weak and a malformed If-Match with 412 and what there is now', async () => {
      for (const condition of [etag.replace('-1-', '-9-'), `W/${etag}`, 'nonsense', `"${document.content_hash}"`]) {
        const answer = await patch({ title: 'Lost' }, { 'If-Match': condition })
        expect(answer.status, condition).to.equal(412)
        expect(answer.body).to.include({ content_hash: document.content_hash, content: '# Hello World' })
      }
      expect((await patch({ title: 'Won' }, { 'If-Match': `"x", ${etag}` })).status).to.equal(200)
    })

    it('refuses a stale base_hash with 409 and what there is now', async () => {
      const answer = await patch({ title: 'Lost', base_hash: sha256('else') })
      expect(answer.status).to.equal(409)
      expect(answer.body).to.include({ type: problem('stale-base'), content: '# Hello World' })
      expect((await patch({ title: 'Won', base_hash: document.content_hash })).status).to.equal(200)
    })

    it('lets one of 50 win that name the same ETag', async () => {
      const answers: Promise<Answer>[] = []
      // Nobody can change it before several have read it.
      await api.owner.transaction().execute(async (trx) => {
        await trx.selectFrom('documents').select('id').where('id', '=', document.id).forUpdate().execute()
        for (let i = 0; i < 50; i++) answers.push(patch({ title: `Title ${i}` }, { 'If-Match': etag }))
        await until(async () => (await waitingForLocks()) > 3)
      })
      const statuses = (await Promise.all(answers)).map((answer) => answer.status)
      expect(statuses.filter((status) => status === 200)).to.have.length(1)
      expect(statuses.filter((status) => status === 412)).to.have.length(49)
    })
  })

  describe('its text', () => {
    it('has it written into the live document', async () => {
      actAsCollabServer()
      const content = '# Hello again'
      const answer = await patch({ content, base_hash: document.content_hash, title: 'Both' })
      expect(answer.status).to.equal(200)
      expect(answer.body).to.include({ content, title: 'Both', content_hash: sha256(content), version: 2 })
      expect(answer.headers.get('ETag')).to.equal(`"${sha256(content)}-2-owner"`)
    })

    it('takes the base from If-Match, hash and version', async () => {
      actAsCollabServer()
      expect((await patch({ content: 'New' }, { 'If-Match': etag })).status).to.equal(200)
      expect((await patch({ content: 'Newer' }, { 'If-Match': etag })).status).to.equal(412)
    })

    it('requires a base: 428 without one, and for If-Match: *', async () => {
      actAsCollabServer()
      for (const headers of [{}, { 'If-Match': '*' }]) {
        const answer = await patch({ content: 'Unasked' }, headers)
        expect(answer.status).to.equal(428)
        expect(answer.body.type).to.equal(problem('base-required'))
      }
    })

    it('refuses a stale base with 409, a stale If-Match with 412, each with what there is now', async () => {
      actAsCollabServer()
      const byHash = await patch({ content: 'Lost', base_hash: sha256('else') })
      expect(byHash.status).to.equal(409)
      const byTag = await patch({ content: 'Lost' }, { 'If-Match': etag.replace('-1-', '-2-') })
      expect(byTag.status).to.equal(412)
      const current = { content: '# Hello World', content_hash: document.content_hash }
      for (const answer of [byHash, byTag]) expect(answer.body).to.include(current)
    })

    it('refuses with 412 what was stale only in the live document', async () => {
      const live = { content: 'Typed just now', content_hash: sha256('Typed just now') }
      withdrawals.push(api.bus.handle('document.write-markdown', async () => ({ outcome: 'conflict', ...live })))
      const answer = await patch({ content: 'Lost' }, { 'If-Match': etag })
      expect(answer.status).to.equal(412)
      expect(answer.body).to.include(live)
    })

    it('requires both where both are given', async () => {
      actAsCollabServer()
      const answer = await patch({ content: 'Lost', base_hash: sha256('else') }, { 'If-Match': etag })
      expect(answer.status).to.equal(409)
      const right = await patch({ content: 'Won', base_hash: document.content_hash }, { 'If-Match': etag })
      expect(right.status).to.equal(200)
    })

    it('answers 503 without a collaboration server, 504 without an answer, 404 where the document is gone', async () => {
      const write = () => patch({ content: 'New', base_hash: document.content_hash })
      const none = await write()
      expect(none.status).to.equal(503)
      expect(none.headers.get('Retry-After')).to.equal('2')
      const answers: [() => Promise<{ outcome: 'not-found' }>, number][] = [
        [() => Promise.reject(new BusError('timeout', 'no answer within 10 s')), 504],
        [async () => ({ outcome: 'not-found' }), 404],
        [() => Promise.reject(new Error('select secret from users')), 500],
      ]
      for (const [handler, status] of answers) {
        const withdraw = api.bus.handle('document.write-markdown', handler)
        const answer = await write()
        withdraw()
        expect(answer.status).to.equal(status)
        expect(answer.text).not.to.contain('secret')
      }
    })

    it('refuses a text for a mind map', async () => {
      document = await createDocument(api, user, workspace.id, { title: 'Map', doc_type: 'mindmap' })
      const answer = await patch({ content: 'New', base_hash: document.content_hash })
      expect(answer.status).to.equal(422)
      expect(answer.body.errors[0].pointer).to.equal('/content')
    })
  })

  for (const body of [
    {},
    { base_hash: '0'.repeat(64) },
    { workspace_id: '' },
    { title: null },
    { title: 'x', base_hash: 'x' },
  ]) {
    it(`refuses ${JSON.stringify(body).slice(0, 30)} with 422`, async () => {
      expect((await patch(body)).status).to.equal(422)
    })
  }

  describe('its existence', () => {
    const remove = (headers: RequestOptions['headers'] = {}) =>
      api.request('DELETE', `/documents/${document.id}`, { token: user.token, headers })

    it('moves it to the trash, tells the bus, and answers 404 from then on', async () => {
      const deleted: string[] = []
      withdrawals.push(api.bus.subscribe('access.changed', ({ document_id = '' }) => deleted.push(document_id)))
      expect((await remove({ 'If-Match': etag.replace('owner', 'editor') })).status).to.equal(412)
      expect(deleted).to.deep.equal([])
      const answer = await remove({ 'If-Match': etag })
      expect(answer.status).to.equal(204)
      expect(answer.text).to.equal('')
      expect(deleted).to.deep.equal([document.id])
      const later = await Promise.all([
        remove(),
        patch({ title: 'Back' }),
        api.request('GET', `/documents/${document.id}`, { token: user.token }),
        api.request('GET', `/documents/${document.id}/content`, { token: user.token }),
      ])
      expect(later.map(({ status }) => status)).to.deep.equal([404, 404, 404, 404])
    })

    it('is gone from lists, and there in the trash', async () => {
      await remove()
      const list = (query: string) =>
        api.request('GET', `/workspaces/${workspace.id}/documents?limit=200${query}`, { token: user.token })
      const ids = (answer: Answer) => answer.body.items.map((item: Json) => item.id)
      expect(ids(await list(''))).not.to.include(document.id)
      const trash = await list('&deleted=true')
      expect(ids(trash)).to.include(document.id)
      expect(trash.body.items[0].deleted_at).to.match(/Z$/)
    })

    it('lets an editor do it', async () => {
      const editor = await signUp(api)
      await addMember(api, workspace.id, editor, 'editor')
      const answer = await api.request('DELETE', `/documents/${document.id}`, { token: editor.token })
      expect(answer.status).to.equal(204)
    })
  })
})
