import { createHash } from 'node:crypto'
import { createDatabase } from '@mdcreator/db/database'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { recordChanges, signUp, testApi, testIssuer, testPassword } from '../testing.ts'
import { prepareSigningKey } from './index.ts'

const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

describe('accounts and sessions', () => {
  const api = testApi()

  const post = (path: string, body: unknown) => api.request('POST', path, { body })
  const me = async (token: string) => (await api.request('GET', '/users/me', { token })).status
  const newAccount = (change: object = {}) => ({
    email: `${newId()}@example.com`,
    password: testPassword,
    display_name: 'Ada',
    ...change,
  })

  describe('signing up', () => {
    it('gives the user and tokens that work', async () => {
      const answer = await post('/auth/signup', newAccount({ email: '  Ada@Example.COM ' }))
      expect(answer.status).to.equal(201)
      expect(answer.headers.get('Cache-Control')).to.equal('no-store')
      expect(answer.body).to.include({ token_type: 'Bearer', expires_in: 3600 })
      expect(answer.body.user).to.include({ email: 'ada@example.com', display_name: 'Ada', avatar_url: null })
      expect(answer.text).not.to.contain('argon2').and.not.contain(testPassword)
      expect(await me(answer.body.access_token)).to.equal(200)
    })

    it('makes a token with the claims that servers rely on', async () => {
      const user = await signUp(api)
      const [header, payload] = user.token
        .split('.')
        .slice(0, 2)
        .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
      expect(header).to.include({ alg: 'RS256', typ: 'at+jwt' })
      expect(payload).to.include({ iss: testIssuer, aud: 'mdcreator', sub: user.id, token_use: 'access' })
      expect(payload.sid).to.equal(user.refreshToken.split('.')[0])
      expect(payload.exp - payload.iat).to.equal(3600)
      expect(payload.jti).to.be.a('string')
    })

    it('refuses an e-mail that is taken, in any case', async () => {
      const account = newAccount()
      await post('/auth/signup', account)
      const answer = await post('/auth/signup', { ...account, email: account.email.toUpperCase() })
      expect(answer.status).to.equal(409)
      expect(answer.body.type).to.equal(problem('email-taken'))
    })

    it('makes one account where 10 sign up at once with the same e-mail', async () => {
      const account = newAccount()
      const answers = await Promise.all(Array.from({ length: 10 }, () => post('/auth/signup', account)))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(9).fill(409)])
    })

    it('keeps an argon2id hash, and no refresh token', async () => {
      const user = await signUp(api)
      const { password_hash } = await api.owner
        .selectFrom('users')
        .select('password_hash')
        .where('id', '=', user.id)
        .executeTakeFirstOrThrow()
      expect(password_hash).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
      const session = await api.owner
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', user.id)
        .executeTakeFirstOrThrow()
      const secret = String(user.refreshToken.split('.')[1])
      expect(session.refresh_token_hash?.equals(createHash('sha256').update(secret).digest())).to.equal(true)
    })

    for (const [change, pointer] of [
      [{ password: 'Sh0rt' }, '/password'],
      [{ password: 'passw0rd!' }, '/password'],
      [{ password: 'PASSW0RD!' }, '/password'],
      [{ password: 'Password!' }, '/password'],
      [{ password: `${testPassword}${'x'.repeat(200)}` }, '/password'],
      [{ email: 'nobody' }, '/email'],
      [{ email: `${'x'.repeat(250)}@example.com` }, '/email'],
      [{ email: 'a\0@example.com' }, '/email'],
      [{ display_name: ' ' }, '/display_name'],
      [{ is_admin: true }, '/is_admin'],
      [{ id: newId() }, '/id'],
    ] as const) {
      it(`refuses ${JSON.stringify(change).slice(0, 40)} with 422`, async () => {
        const answer = await post('/auth/signup', newAccount(change))
        expect(answer.status).to.equal(422)
        expect(answer.body.errors[0].pointer).to.equal(pointer)
      })
    }
  })

  describe('signing in', () => {
    it('gives tokens that work, for the e-mail in any case', async () => {
      const user = await signUp(api)
      const answer = await post('/auth/login', { email: ` ${user.email.toUpperCase()}`, password: testPassword })
      expect(answer.status).to.equal(200)
      expect(Object.keys(answer.body)).to.have.members('access_token refresh_token token_type expires_in'.split(' '))
      expect(await me(answer.body.access_token)).to.equal(200)
    })

    it('takes the same password in another Unicode form', async () => {
      const account = newAccount({ password: 'Pässw0rd!'.normalize('NFC') })
      await post('/auth/signup', account)
      const answer = await post('/auth/login', { email: account.email, password: 'Pässw0rd!'.normalize('NFD') })
      expect(answer.status).to.equal(200)
    })

    it('answers a wrong password, an unknown e-mail and a deleted account alike', async () => {
      const user = await signUp(api)
      const gone = await signUp(api)
      await api.owner.updateTable('users').set({ deleted_at: new Date() }).where('id', '=', gone.id).execute()
      const answers = await Promise.all([
        post('/auth/login', { email: user.email, password: 'Wr0ng-one' }),
        post('/auth/login', { email: 'nobody@example.com', password: testPassword }),
        post('/auth/login', { email: gone.email, password: testPassword }),
      ])
      for (const { status, body, headers } of answers) {
        expect(status).to.equal(401)
        expect({ ...body, instance: '' }).to.deep.equal({ ...answers[0]?.body, instance: '' })
        expect(headers.get('WWW-Authenticate')).to.equal('Bearer realm="mdcreator"')
      }
      expect(await me(gone.token)).to.equal(401)
    })
  })

  describe('refreshing', () => {
    const refresh = (refresh_token: string) => post('/auth/refresh', { refresh_token })

    it('exchanges the refresh token for a new pair', async () => {
      const user = await signUp(api)
      const first = await refresh(user.refreshToken)
      expect(first.status).to.equal(200)
      expect(first.body.refresh_token).not.to.equal(user.refreshToken)
      expect(await me(first.body.access_token)).to.equal(200)
      expect((await refresh(first.body.refresh_token)).status).to.equal(200)
    })

    it('ends the session where a used token is shown again, however old', async () => {
      const user = await signUp(api)
      const second = (await refresh(user.refreshToken)).body
      const third = (await refresh(second.refresh_token)).body
      const reused = await refresh(user.refreshToken)
      expect(reused.status).to.equal(401)
      expect(reused.body.type).to.equal(problem('bad-refresh-token'))
      expect((await refresh(third.refresh_token)).status).to.equal(401)
      for (const token of [user.token, second.access_token, third.access_token]) expect(await me(token)).to.equal(401)
    })

    it('lets one of 20 at once have the new pair, and then ends the session', async () => {
      const user = await signUp(api)
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(user.refreshToken)))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).to.have.length(1)
      expect(answers.filter(({ status }) => status === 401)).to.have.length(19)
      expect((await refresh(won[0]?.body.refresh_token)).status).to.equal(401)
      expect(await me(won[0]?.body.access_token)).to.equal(401)
    })

    it('announces a session that has ended so, and no other', async () => {
      const user = await signUp(api)
      const changes = recordChanges(api)
      await refresh(user.refreshToken)
      expect(changes).to.deep.equal([])
      await refresh(user.refreshToken)
      await refresh(user.refreshToken)
      expect(changes).to.deep.equal([{ session_id: user.refreshToken.split('.')[0], user_id: user.id }])
    })

    it('leaves other sessions of the user alone', async () => {
      const user = await signUp(api)
      const other = (await post('/auth/login', { email: user.email, password: testPassword })).body
      await refresh(user.refreshToken)
      await refresh(user.refreshToken)
      expect(await me(user.token)).to.equal(401)
      expect(await me(other.access_token)).to.equal(200)
    })

    it('refuses what is none of ours, what has expired, and what belongs to a deleted account', async () => {
      const user = await signUp(api)
      const session = String(user.refreshToken.split('.')[0])
      for (const token of ['', 'x', `${newId()}.x`, `${session}.`, `${user.refreshToken}.x`, `${session}\0.x`]) {
        expect((await refresh(token)).status, token).to.equal(401)
      }
      expect(await me(user.token)).to.equal(200)
      const expired = { expires_at: new Date(Date.now() - 1000) }
      await api.owner.updateTable('sessions').set(expired).where('id', '=', session).execute()
      expect((await refresh(user.refreshToken)).status).to.equal(401)
      const gone = await signUp(api)
      await api.owner.updateTable('users').set({ deleted_at: new Date() }).where('id', '=', gone.id).execute()
      expect((await refresh(gone.refreshToken)).status).to.equal(401)
    })
  })

  it('ends a session at once when its user signs out', async () => {
    const user = await signUp(api)
    const changes = recordChanges(api)
    const answer = await api.request('POST', '/auth/logout', { token: user.token })
    expect(answer.status).to.equal(204)
    expect(changes).to.deep.equal([{ session_id: user.refreshToken.split('.')[0], user_id: user.id }])
    expect(await me(user.token)).to.equal(401)
    expect((await post('/auth/refresh', { refresh_token: user.refreshToken })).status).to.equal(401)
    expect((await api.request('POST', '/auth/logout', { token: user.token })).status).to.equal(401)
  })

  it('publishes the public key, and where to find it', async () => {
    await signUp(api)
    const { body } = await api.request('GET', '//.well-known/jwks.json')
    expect(body.keys).to.have.length(1)
    expect(Object.keys(body.keys[0])).to.have.members(['kty', 'n', 'e', 'kid', 'alg', 'use'])
    const discovery = (await api.request('GET', '//.well-known/openid-configuration')).body
    expect(discovery).to.include({ issuer: testIssuer, jwks_uri: `${testIssuer}/.well-known/jwks.json` })
  })

  it('makes one signing key where several servers start at once', async () => {
    await api.owner.deleteFrom('signing_keys').execute()
    const servers = Array.from({ length: 5 }, () =>
      createDatabase({ url: api.databaseUrl, role: 'mdcreator_api', size: 1 }),
    )
    await Promise.all(servers.map((db) => prepareSigningKey(db)))
    await Promise.all(servers.map((db) => db.destroy()))
    expect(await api.owner.selectFrom('signing_keys').select('kid').execute()).to.have.length(1)
  })
})
