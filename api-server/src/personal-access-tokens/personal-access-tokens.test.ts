import { createHash } from 'node:crypto'
import { newId } from '@mdcreator/shared/ids'
import { isWellFormed, newPersonalToken } from '@mdcreator/shared/personal-token'
import { expect } from 'chai'
import {
  type Answer,
  createDocument,
  createWorkspace,
  type Json,
  recordChanges,
  signUp,
  type TestUser,
  testApi,
} from '../testing.ts'

describe('personal access tokens', () => {
  const api = testApi()
  let user: TestUser
  beforeEach(async () => {
    user = await signUp(api)
  })

  const make = (body: object = {}, token = user.token): Promise<Answer> =>
    api.request('POST', '/personal-access-tokens', {
      token,
      body: { name: 'Export', scopes: ['documents:read'], ...body },
    })
  const list = async (query = '') =>
    (await api.request('GET', `/personal-access-tokens${query}`, { token: user.token })).body
  const revoke = (id: string, token = user.token) => api.request('DELETE', `/personal-access-tokens/${id}`, { token })
  const me = (token: string) => api.request('GET', '/users/me', { token })

  it('are shown once, with a form and a checksum that scanners know', async () => {
    const answer = await make({ name: ' Nightly export ', scopes: ['documents:read', 'profile:read'] })
    expect(answer.status).to.equal(201)
    expect(answer.headers.get('Cache-Control')).to.equal('no-store')
    const { token, ...rest } = answer.body
    expect(token).to.match(/^mdc_[0-9A-Za-z]{36}$/)
    expect(isWellFormed(token)).to.equal(true)
    expect(rest).to.deep.include({ name: 'Nightly export', scopes: ['documents:read', 'profile:read'] })
    expect(rest).to.include({ last_four: token.slice(-4), expires_at: null, last_used_at: null })
    const listed = await list()
    expect(listed.items).to.deep.equal([rest])
    expect(JSON.stringify(listed)).not.to.contain(token)
    const row = await api.owner
      .selectFrom('personal_access_tokens')
      .selectAll()
      .where('id', '=', rest.id)
      .executeTakeFirstOrThrow()
    expect(row.token_hash.equals(createHash('sha256').update(token).digest())).to.equal(true)
    expect(JSON.stringify(row)).not.to.contain(token.slice(4, 34))
  })

  it('are good for their scopes, and say which one is missing (RFC 6750)', async () => {
    const { token } = (await make({ scopes: ['profile:read'] })).body
    expect((await me(token)).status).to.equal(200)
    const answer = await api.request('PATCH', '/users/me', { token, body: { display_name: 'Robot' } })
    expect(answer.status).to.equal(403)
    expect(answer.body.type).to.equal('https://mdcreator.app/problems/insufficient-scope')
    expect(answer.headers.get('WWW-Authenticate')).to.equal(
      'Bearer realm="mdcreator", error="insufficient_scope", error_description="The personal access token needs the scope profile:write", scope="profile:write"',
    )
  })

  it('do no more than the role of their user', async () => {
    const owner = await signUp(api)
    const document = await createDocument(api, owner, (await createWorkspace(api, owner)).id)
    const { token } = (await make({ scopes: ['documents:read', 'documents:write'] })).body
    expect((await api.request('GET', `/documents/${document.id}`, { token })).status).to.equal(404)
    const own = (await make({}, owner.token)).body.token
    expect((await api.request('GET', `/documents/${document.id}`, { token: own })).status).to.equal(200)
    expect((await api.request('DELETE', `/documents/${document.id}`, { token: own })).status).to.equal(403)
  })

  it('make no tokens, end no sessions, and delete no account', async () => {
    const all = (await api.request('GET', '//openapi.json')).body.components.schemas.Scope.enum
    const { token, id } = (await make({ scopes: all })).body
    for (const [method, path, body] of [
      ['POST', '/personal-access-tokens', { name: 'x', scopes: ['documents:read'] }],
      ['GET', '/personal-access-tokens'],
      ['DELETE', `/personal-access-tokens/${id}`],
      ['POST', '/auth/logout'],
      ['POST', '/auth/collab-token', { document_id: newId() }],
      ['DELETE', '/users/me', {}],
    ] as const) {
      const answer = await api.request(method, path, { token, body })
      expect([answer.status, answer.body.type], `${method} ${path}`).to.deep.equal([
        403,
        'https://mdcreator.app/problems/insufficient-scope',
      ])
    }
    expect((await me(user.token)).status).to.equal(200)
    expect((await list()).items).to.have.length(1)
  })

  it('stop working at once when they are revoked, and open sockets are told', async () => {
    const { token, id } = (await make({ scopes: ['profile:read'] })).body
    expect((await me(token)).status).to.equal(200)
    const changes = recordChanges(api)
    expect((await revoke(id)).status).to.equal(204)
    expect(changes).to.deep.equal([{ user_id: user.id }])
    expect((await me(token)).status).to.equal(401)
    expect((await revoke(id)).status).to.equal(404)
  })

  it('are revoked by their user alone, and nobody learns that they exist', async () => {
    const { id, token } = (await make({ scopes: ['profile:read'] })).body
    const stranger = await signUp(api)
    const [foreign, absent] = [await revoke(id, stranger.token), await revoke(newId(), stranger.token)]
    for (const answer of [foreign, absent]) expect(answer.status).to.equal(404)
    expect({ ...foreign.body, instance: '' }).to.deep.equal({ ...absent.body, instance: '' })
    expect((await me(token)).status).to.equal(200)
    const { items } = (await api.request('GET', '/personal-access-tokens', { token: stranger.token })).body
    expect(items).to.deep.equal([])
  })

  it('end with their time, their user and not with a session', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    const { token, id, expires_at } = (await make({ scopes: ['profile:read'], expires_at: soon })).body
    expect(expires_at).to.equal(soon)
    await api.request('POST', '/auth/logout', { token: user.token })
    expect((await me(token)).status).to.equal(200)
    await api.owner
      .updateTable('personal_access_tokens')
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where('id', '=', id)
      .execute()
    const expired = await me(token)
    expect(expired.status).to.equal(401)
    expect(expired.headers.get('WWW-Authenticate')).to.contain('expired')
    user = await signUp(api)
    const other = (await make({ scopes: ['profile:read'] })).body.token
    await api.request('DELETE', '/users/me', { token: user.token, body: { password: 'Passw0rd!' } })
    expect((await me(other)).status).to.equal(401)
    const left = await api.owner
      .selectFrom('personal_access_tokens')
      .selectAll()
      .where('user_id', '=', user.id)
      .execute()
    expect(left).to.deep.equal([])
  })

  it('are refused alike, whatever is wrong with them', async () => {
    const { token } = (await make()).body
    const flipped = token.slice(0, 10) + (token[10] === 'a' ? 'b' : 'a') + token.slice(11)
    const bad = [
      newPersonalToken(),
      flipped,
      'mdc_',
      `${token}x`,
      token.slice(0, -1),
      token.toLowerCase(),
      `mdc_${'0'.repeat(36)}`,
    ]
    const answers = await Promise.all(bad.map(me))
    for (const { status, body } of answers) {
      expect(status).to.equal(401)
      expect({ ...body, instance: '' }).to.deep.equal({ ...answers[0]?.body, instance: '' })
    }
  })

  it('are at most 50 for one user, however many are made at once', async () => {
    for (let i = 0; i < 45; i++) expect((await make()).status).to.equal(201)
    const answers = await Promise.all(Array.from({ length: 10 }, () => make()))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([...Array(5).fill(201), ...Array(5).fill(409)])
    const seen = new Set<string>()
    let cursor = ''
    do {
      const page = await list(`?limit=20${cursor && `&cursor=${cursor}`}`)
      for (const item of page.items) seen.add(item.id)
      cursor = page.next_cursor ?? ''
    } while (cursor)
    expect(seen.size).to.equal(50)
  })

  it('say when they were last used, and are written to once a minute', async () => {
    const { token, id } = (await make({ scopes: ['profile:read'] })).body
    const used = async (): Promise<string | null> =>
      (await list()).items.find((item: Json) => item.id === id).last_used_at
    await Promise.all(Array.from({ length: 10 }, () => me(token)))
    for (let i = 0; i < 200 && (await used()) === null; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    const first = await used()
    expect(first).to.be.a('string')
    const version = async () => {
      const row = await api.owner
        .selectFrom('personal_access_tokens')
        .select(({ ref }) => ref('xmin' as 'id').as('xmin'))
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      return row.xmin
    }
    const before = await version()
    for (let i = 0; i < 5; i++) await me(token)
    await list()
    expect(await version()).to.equal(before)
    expect(await used()).to.equal(first)
  })

  for (const [what, body, pointer] of [
    ['no scope', { scopes: [] }, '/scopes'],
    ['an unknown scope', { scopes: ['everything'] }, '/scopes/0'],
    ['a scope twice', { scopes: ['documents:read', 'documents:read'] }, '/scopes'],
    ['no name', { name: ' ' }, '/name'],
    ['a long name', { name: 'x'.repeat(101) }, '/name'],
    ['an end in the past', { expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
    ['an end that is no time', { expires_at: 'tomorrow' }, '/expires_at'],
    ['a secret of its own', { token: 'mdc_x' }, '/token'],
    ['another user', { user_id: newId() }, '/user_id'],
  ] as const) {
    it(`are not made with ${what}`, async () => {
      const answer = await make(body)
      expect(answer.status).to.equal(422)
      expect(answer.body.errors[0].pointer).to.equal(pointer)
    })
  }
})
