import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { type Json, recordChanges, startApi, type TestApi, testPassword } from '../../testing.ts'
import { clientId, followToCallback, redirectUri, startOidcProvider, type TestProvider } from './testing-oidc.ts'

const claimsOf = (token: string): Json => JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString())

describe('people of another issuer (OpenID Connect)', () => {
  let provider: TestProvider
  let api: TestApi
  before(async () => {
    provider = await startOidcProvider()
    provider.extraClaims = (sub) => ({
      ...(sub.includes('@') && { email: sub, email_verified: !sub.startsWith('unverified'), name: `Mx ${sub}` }),
      sid: `${sub}-${Date.now()}`,
    })
    await provider.rotate()
    api = await startApi({}, provider.environment)
  })
  after(async () => {
    await api.stop()
    await provider.stop()
  })

  const me = (token: string) => api.request('GET', '/users/me', { token })
  const tokenOf = async (subject: string) => (await provider.signIn(subject)).access_token

  it('get an account at first sight, and the same one ever after', async () => {
    const token = await tokenOf('ada@example.com')
    const answer = await me(token)
    expect(answer.status).to.equal(200)
    expect(answer.body).to.include({ email: 'ada@example.com', display_name: 'Mx ada@example.com' })
    const { id } = answer.body
    expect((await me(await tokenOf('ada@example.com'))).body.id).to.equal(id)
    const row = await api.owner.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    expect(row).to.include({ issuer: provider.issuer, subject: 'ada@example.com', password_hash: null })
  })

  it('get one account, however many of their requests come first', async () => {
    const tokens = await Promise.all([tokenOf('many@example.com'), tokenOf('many@example.com')])
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => me(String(tokens[i % 2]))))
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1)
  })

  it('keep no address that is not verified, and never take over an account by its address', async () => {
    const unverified = (await me(await tokenOf('unverified@example.com'))).body
    expect(unverified.email).to.equal(null)
    const taken = { id: crypto.randomUUID(), email: 'taken@example.com', display_name: 'First' }
    await api.owner
      .insertInto('users')
      .values({ ...taken, subject: taken.id })
      .execute()
    const second = (await me(await tokenOf('taken@example.com'))).body
    expect(second.id).not.to.equal(taken.id)
    expect(second.email).to.equal(null)
  })

  it('may be nobody with a name', async () => {
    expect((await me(await tokenOf('nameless'))).body).to.include({ email: null, display_name: 'New user' })
  })

  it('sign out of one session and stay in the others, at once', async () => {
    const [one, two] = [await tokenOf('bob@example.com'), await tokenOf('bob@example.com')]
    const { id } = (await me(one)).body
    await me(two)
    const changes = recordChanges(api)
    expect((await api.request('POST', '/auth/logout', { token: one })).status).to.equal(204)
    expect(changes).to.have.length(1)
    expect(changes[0]).to.include({ user_id: id })
    expect((await me(one)).status).to.equal(401)
    expect((await me(two)).status).to.equal(200)
  })

  it('are refused once their account is deleted, with a new token too', async () => {
    const token = await tokenOf('gone@example.com')
    const { id } = (await me(token)).body
    expect((await api.request('DELETE', '/users/me', { token, body: {} })).status).to.equal(204)
    expect((await me(token)).status).to.equal(401)
    expect((await me(await tokenOf('gone@example.com'))).status).to.equal(401)
    const row = await api.owner.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    expect(JSON.stringify(row)).not.to.contain('gone@')
  })

  it('are not let in with an id token', async () => {
    expect((await me((await provider.signIn('ada@example.com')).id_token)).status).to.equal(401)
  })

  it('make personal access tokens, and get tokens for one document', async () => {
    const token = await tokenOf('pat@example.com')
    const body = { name: 'x', scopes: ['profile:read'] }
    const made = await api.request('POST', '/personal-access-tokens', { token, body })
    expect(made.status).to.equal(201)
    expect((await me(made.body.token)).body.email).to.equal('pat@example.com')
    const workspace = (await api.request('POST', '/workspaces', { token, body: { name: 'W' } })).body
    const path = `/workspaces/${workspace.id}/documents`
    const document = (await api.request('POST', path, { token, body: { title: 'T' } })).body
    const ticket = await api.request('POST', '/auth/collab-token', { token, body: { document_id: document.id } })
    expect(ticket.status).to.equal(200)
    expect(claimsOf(ticket.body.token)).to.include({ token_use: 'collab', doc: document.id })
    expect((await me(ticket.body.token)).status).to.equal(401)
  })

  it('come through when the issuer changes its key, whichever the algorithm', async () => {
    const before = await tokenOf('ada@example.com')
    expect((await me(before)).status).to.equal(200)
    for (const algorithm of ['RS256', 'ES256'] as const) {
      await provider.rotate(algorithm)
      const token = await tokenOf('ada@example.com')
      expect(JSON.parse(Buffer.from(String(token.split('.')[0]), 'base64url').toString()).alg).to.equal(algorithm)
      expect((await me(token)).status).to.equal(200)
    }
  })

  it('sign in with the browser at their issuer, by way of the API, and refresh there', async () => {
    const verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: 'mdcreator-desktop', redirect_uri: redirectUri, state: 'abc' },
      ...{ code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' },
      login_hint: 'eve@example.com',
    })
    const lead = await api.request('GET', `/auth/authorize?${query}`)
    expect(lead.status).to.equal(303)
    const target = new URL(String(lead.headers.get('Location')))
    expect(target.origin).to.equal(provider.issuer)
    expect(target.searchParams.get('client_id')).to.equal(clientId)
    query.set('redirect_uri', 'https://evil.example.com/')
    expect((await api.request('GET', `/auth/authorize?${query}`)).status).to.equal(400)
    const callback = await followToCallback(target.href)
    expect(callback.searchParams.get('state')).to.equal('abc')
    const body = {
      ...{ grant_type: 'authorization_code', client_id: 'mdcreator-desktop', redirect_uri: redirectUri },
      ...{ code: callback.searchParams.get('code'), code_verifier: verifier },
    }
    const wrong = await api.request('POST', '/auth/token', { body: { ...body, code: 'wrong' } })
    expect([wrong.status, wrong.body.error]).to.deep.equal([400, 'invalid_grant'])
    const tokens = await api.request('POST', '/auth/token', { body })
    expect(tokens.status).to.equal(200)
    expect((await me(tokens.body.access_token)).body.email).to.equal('eve@example.com')
    const { refresh_token } = tokens.body
    const fresh = await api.request('POST', '/auth/refresh', { body: { refresh_token } })
    expect(fresh.status).to.equal(200)
    expect((await me(fresh.body.access_token)).status).to.equal(200)
    expect((await api.request('POST', '/auth/refresh', { body: { refresh_token: 'none' } })).status).to.equal(401)
  })

  it('sign up, and set passwords, at their issuer alone', async () => {
    const account = { email: 'ada@example.com', password: testPassword }
    for (const [path, body] of [
      ['signup', { ...account, display_name: 'Ada' }],
      ['login', account],
      ['verify-email', { email: account.email, code: '123456' }],
      ['forgot-password', { email: account.email }],
      ['reset-password', { ...account, code: '123456' }],
    ] as const) {
      const answer = await api.request('POST', `/auth/${path}`, { body })
      expect(answer.status, path).to.equal(501)
      expect(answer.body).to.include({
        ...{ type: 'https://mdcreator.app/problems/sign-in-at-issuer', issuer: provider.issuer },
      })
    }
  })

  it('find the API as it is with any issuer', async () => {
    const local = await startApi()
    const document = (of: TestApi) => of.request('GET', '//openapi.json')
    expect((await document(api)).body).to.deep.equal((await document(local)).body)
    await local.stop()
  })

  it('see their devices, and end one from another', async () => {
    const [one, two] = [await tokenOf('dev@example.com'), await tokenOf('dev@example.com')]
    await me(two)
    const { items } = (await api.request('GET', '/auth/sessions', { token: one })).body
    expect(items).to.have.length(2)
    const other = items.find((item: Json) => !item.current)
    expect((await api.request('DELETE', `/auth/sessions/${other.id}`, { token: one })).status).to.equal(204)
    expect((await me(two)).status).to.equal(401)
    expect((await me(one)).status).to.equal(200)
  })

  it('wait with 503 while the issuer cannot be reached, and nobody else does', async () => {
    const other = await startOidcProvider()
    const away = await startApi({}, other.environment)
    const { access_token: token } = await other.signIn('ada@example.com')
    await other.stop()
    const answer = await away.request('GET', '/users/me', { token })
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('Retry-After')).to.be.a('string')
    expect(answer.text).not.to.match(/ECONNREFUSED|127\.0\.0\.1/)
    await away.stop()
  })
})
