import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { recordChanges, startApi, type TestApi, testPassword } from '../../testing.ts'
import { startCognito, type TestPool } from './testing-cognito.ts'

const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

describe('people of a Cognito user pool', () => {
  let pool: TestPool
  let api: TestApi
  before(async () => {
    pool = await startCognito()
    api = await startApi({}, pool.environment)
  })
  after(async () => {
    await api.stop()
    await pool.stop()
  })

  const post = (path: string, body: object) => api.request('POST', `/auth/${path}`, { body })
  const me = (token: string) => api.request('GET', '/users/me', { token })
  const newAccount = () => ({ email: `${newId()}@example.com`, password: testPassword, display_name: 'Ada' })
  const login = ({ email, password }: { email: string; password: string }) => post('login', { email, password })
  /** Signed up, confirmed, signed in. */
  async function join() {
    const account = newAccount()
    const { user } = (await post('signup', account)).body
    await post('verify-email', { email: account.email, code: pool.code })
    await pool.markVerified(account.email)
    return { ...account, id: user.id as string, tokens: (await login(account)).body }
  }

  it('sign up, confirm the address, and sign in', async () => {
    const account = newAccount()
    const signup = await post('signup', account)
    expect(signup.status).to.equal(201)
    expect(signup.body).to.include({ verification_required: true })
    expect(signup.body.user).to.include({ email: account.email, display_name: 'Ada' })
    const early = await login(account)
    expect([early.status, early.body.type]).to.deep.equal([403, problem('email-unverified')])
    expect((await post('verify-email', { email: account.email, code: '000000' })).status).to.equal(422)
    const confirmed = await post('verify-email', { email: account.email, code: pool.code })
    expect([confirmed.status, confirmed.body.type]).to.deep.equal([409, problem('sign-in-now')])
    await pool.markVerified(account.email)
    const { status, body } = await login(account)
    expect(status).to.equal(200)
    expect(body).to.include({ token_type: 'Bearer' })
    expect((await me(body.access_token)).body).to.include({
      ...{ id: signup.body.user.id, email: account.email, display_name: 'Ada' },
    })
    expect((await me(body.id_token ?? body.refresh_token)).status).to.equal(401)
  })

  it('learn nothing of the accounts of others', async () => {
    const { email } = await join()
    const unknown = `${newId()}@example.com`
    const alike = async (path: string, body: (email: string) => object) => {
      const [one, two] = [await post(path, body(email)), await post(path, body(unknown))]
      expect(one.status, path).to.equal(two.status)
      expect({ ...one.body, instance: '' }, path).to.deep.equal({ ...two.body, instance: '' })
      return one.status
    }
    expect(await alike('login', (email) => ({ email, password: 'Wr0ng-one' }))).to.equal(401)
    expect(await alike('forgot-password', (email) => ({ email }))).to.equal(202)
    const reset = (email: string) => ({ email, code: '000000', password: testPassword })
    expect(await alike('reset-password', reset)).to.be.within(400, 499)
    expect(await alike('verify-email', (email) => ({ email, code: '000000' }))).to.be.within(400, 499)
    const again = await post('signup', { ...newAccount(), email })
    expect([again.status, Object.keys(again.body)]).to.deep.equal([201, ['user', 'verification_required']])
    expect(again.body.user).to.include({ email, display_name: 'Ada' })
  })

  it('refresh', async () => {
    const { tokens, id } = await join()
    const answer = await post('refresh', { refresh_token: tokens.refresh_token })
    expect(answer.status).to.equal(200)
    expect((await me(answer.body.access_token)).body.id).to.equal(id)
    const bad = await post('refresh', { refresh_token: 'none' })
    expect([bad.status, bad.body.type]).to.deep.equal([401, problem('bad-refresh-token')])
  })

  it('sign out at once', async () => {
    const { tokens, id } = await join()
    await me(tokens.access_token)
    const changes = recordChanges(api)
    expect((await api.request('POST', '/auth/logout', { token: tokens.access_token })).status).to.equal(204)
    expect(changes[0]).to.include({ user_id: id })
    expect((await me(tokens.access_token)).status).to.equal(401)
  })

  it('set a new password, which ends their sessions', async () => {
    const { email, tokens } = await join()
    await me(tokens.access_token)
    expect((await post('forgot-password', { email })).status).to.equal(202)
    const reset = await post('reset-password', { email, code: pool.code, password: 'An0ther-one' })
    expect(reset.status).to.equal(204)
    expect((await me(tokens.access_token)).status).to.equal(401)
    expect((await login({ email, password: testPassword })).status).to.equal(401)
    // cognito-local tells sign-ins apart by the second; Cognito has `origin_jti`.
    let status = 0
    for (let i = 0; i < 60 && status !== 200; i++) {
      status = (await login({ email, password: 'An0ther-one' })).status
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(status).to.equal(200)
  })

  it('wait with 503 while Cognito cannot be reached', async () => {
    const away = await startApi({}, { ...pool.environment, COGNITO_ENDPOINT: 'http://127.0.0.1:1' })
    const { email, password } = newAccount()
    const answer = await away.request('POST', '/auth/login', { body: { email, password } })
    expect(answer.status).to.equal(503)
    expect(answer.text).not.to.match(/ECONNREFUSED|127\.0\.0\.1/)
    await away.stop()
  })
})
