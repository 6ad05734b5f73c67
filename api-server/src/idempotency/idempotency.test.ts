import { connect } from 'node:net'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { sql } from 'kysely'
import { type Json, type RequestOptions, signUp, type TestUser, testApi, testUser, testWorkspace } from '../testing.ts'

const slugOf = (body: Json): string => body.type.replace('https://mdcreator.app/problems/', '')

describe('idempotency keys', () => {
  const api = testApi()
  const user = testUser(api)
  const workspace = testWorkspace(api, user)

  const create = (key: string, body: object, as = user, options: RequestOptions = {}) =>
    api.request('POST', `/workspaces/${workspace.id}/documents`, {
      token: as.token,
      body,
      headers: { 'Idempotency-Key': key },
      ...options,
    })
  const countOf = async (title: string): Promise<number> => {
    const rows = await api.owner.selectFrom('documents').select('id').where('title', '=', title).execute()
    return rows.length
  }

  it('give the first answer again, with its status, body, ETag and Location', async () => {
    const [key, body] = [newId(), { title: 'once', content: 'text' }]
    const first = await create(key, body)
    expect(first.status).to.equal(201)
    expect(first.headers.get('Idempotent-Replayed')).to.equal(null)
    await api.request('PATCH', `/documents/${first.body.id}`, { token: user.token, body: { title: 'changed' } })
    for (const again of [await create(key, body), await create(key, { content: 'text', title: 'once' })]) {
      expect([again.status, again.text]).to.deep.equal([201, first.text])
      for (const name of ['ETag', 'Location', 'Content-Type', 'Cache-Control']) {
        expect(again.headers.get(name), name).to.equal(first.headers.get(name))
      }
      expect(again.headers.get('Idempotent-Replayed')).to.equal('true')
    }
    expect(await countOf('changed')).to.equal(1)
    expect(await countOf('once')).to.equal(0)
  })

  it('are refused for another body, and for another endpoint', async () => {
    const key = newId()
    await create(key, { title: 'first' })
    const other = await create(key, { title: 'second' })
    expect([other.status, slugOf(other.body)]).to.deep.equal([422, 'idempotency-key-reused'])
    const headers = { 'Idempotency-Key': key }
    const elsewhere = await api.request('POST', '/workspaces', { token: user.token, body: { name: 'x' }, headers })
    expect([elsewhere.status, slugOf(elsewhere.body)]).to.deep.equal([422, 'idempotency-key-reused'])
    expect(await countOf('second')).to.equal(0)
  })

  it('belong to one user', async () => {
    const other = await signUp(api)
    const key = newId()
    const [mine, theirs] = [await createWith(user, key), await createWith(other, key)]
    expect([mine.status, theirs.status]).to.deep.equal([201, 201])
    expect(mine.body.id).not.to.equal(theirs.body.id)
  })
  const createWith = (as: TestUser, key: string) =>
    api.request('POST', '/workspaces', { token: as.token, body: { name: 'x' }, headers: { 'Idempotency-Key': key } })

  it('do it once where many ask at the same time: the others get the answer, or are asked to wait', async () => {
    const [key, body] = [newId(), { title: 'at once' }]
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(key, body)))
    for (const { status, headers, body: answer } of answers) {
      expect(status).to.be.oneOf([201, 409])
      if (status === 409) {
        expect([slugOf(answer), headers.get('Retry-After')]).to.deep.equal(['request-in-progress', '1'])
      }
    }
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text)).size).to.equal(1)
    expect(await countOf('at once')).to.equal(1)
  })

  it('keep nothing of what was refused', async () => {
    const [key, id] = [newId(), newId()]
    expect((await create(key, { id, title: 'fine' })).status).to.equal(201)
    const taken = newId()
    expect((await create(taken, { id, title: 'taken' })).status).to.equal(409)
    expect((await create(taken, { title: 'now it is fine' })).status).to.equal(201)
  })

  it('must be usable as one', async () => {
    for (const key of ['a b', 'x'.repeat(256), 'ü']) {
      expect((await create(key, { title: 'bad key' })).status, key).to.equal(422)
    }
    expect(await countOf('bad key')).to.equal(0)
  })

  it('say where it is when the answer was too large to keep', async () => {
    const [key, body] = [newId(), { title: 'large', content: 'word '.repeat(300_000) }]
    const first = await create(key, body)
    const again = await create(key, body)
    expect([first.status, again.status, slugOf(again.body)]).to.deep.equal([201, 409, 'answer-not-kept'])
    expect(again.headers.get('Location')).to.equal(first.headers.get('Location'))
    expect(await countOf('large')).to.equal(1)
  })

  it('are good for a day', async () => {
    const key = newId()
    await create(key, { title: 'a day ago' })
    const age = (hours: number) =>
      api.owner
        .updateTable('idempotency_keys')
        .set({ created_at: sql<Date>`now() - make_interval(hours => ${hours})` })
        .where('key', '=', key)
        .execute()
    await age(23)
    expect((await create(key, { title: 'a day ago' })).headers.get('Idempotent-Replayed')).to.equal('true')
    await age(25)
    expect((await create(key, { title: 'today' })).status).to.equal(201)
    expect((await create(key, { title: 'today' })).headers.get('Idempotent-Replayed')).to.equal('true')
  })

  it('make retried writes apply once where sockets are cut before the answer', async () => {
    const total = 60
    for (let i = 0; i < total; i++) {
      const [key, body] = [newId(), { title: `cut ${i}` }]
      await cutAfter(i % 12, key, body)
      let answer = await create(key, body)
      while (answer.status === 409) answer = await create(key, body)
      expect(answer.status).to.equal(201)
    }
    const counts = await Promise.all(Array.from({ length: total }, (_, i) => countOf(`cut ${i}`)))
    expect(counts.filter((count) => count === 1)).to.have.length(total)
  })

  /** Sends the request and hangs up so many milliseconds later. */
  async function cutAfter(ms: number, key: string, body: object): Promise<void> {
    const { hostname, port } = new URL(api.origin)
    const socket = connect(Number(port), hostname)
    const content = JSON.stringify(body)
    socket.write(
      [
        `POST /api/v1/workspaces/${workspace.id}/documents HTTP/1.1`,
        'Host: x',
        `Authorization: Bearer ${user.token}`,
        'Content-Type: application/json',
        `Content-Length: ${content.length}`,
        `Idempotency-Key: ${key}`,
        '',
        content,
      ].join('\r\n'),
    )
    await new Promise((resolve) => setTimeout(resolve, ms))
    socket.destroy()
  }

  it('lose and double nothing where the connection to the database breaks', async () => {
    const total = 20
    const kill = () =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and state <> 'idle'
        and datname = current_database()`.execute(api.owner)
    for (let i = 0; i < total; i++) {
      const [key, body] = [newId(), { title: `broken ${i}` }]
      const first = create(key, body)
      await new Promise((resolve) => setTimeout(resolve, i % 8))
      await kill()
      expect((await first).status).to.be.oneOf([201, 503])
      let answer = await create(key, body)
      while (answer.status === 409 || answer.status === 503) answer = await create(key, body)
      expect(answer.status).to.equal(201)
    }
    const counts = await Promise.all(Array.from({ length: total }, (_, i) => countOf(`broken ${i}`)))
    expect(counts.filter((count) => count === 1)).to.have.length(total)
  })
})
