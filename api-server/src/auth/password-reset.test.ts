import { maintain } from '@mdcreator/db/maintenance'
import { recordingDatabase } from '@mdcreator/db/testing-statements'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { recordChanges, signUp, startApi, type TestApi, type TestUser, testPassword } from '../testing.ts'
import { codeFor, post, problem, shapeOf } from './testing.ts'

describe('a forgotten password', () => {
  let api: TestApi
  let user: TestUser
  const changed = 'N3w-password'
  beforeEach(async () => {
    api = await startApi()
    user = await signUp(api)
  })
  afterEach(() => api.stop())

  const forgot = (email = user.email) => post(api, '/auth/forgot-password', { email })
  const reset = (code: string | undefined, email = user.email) =>
    post(api, '/auth/reset-password', { email, code, password: changed })
  const login = (password: string) => post(api, '/auth/login', { email: user.email, password })
  const me = async (token: string) => (await api.request('GET', '/users/me', { token })).status

  it('is replaced with a code from a mail; every session ends, which is announced', async () => {
    expect((await forgot(` ${user.email.toUpperCase()}`)).status).to.equal(202)
    const code = String(await codeFor(api, user.email))
    expect(code).to.match(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/)
    const changes = recordChanges(api)
    expect((await reset(code.toLowerCase().replace('-', ' '))).status).to.equal(204)
    expect(changes).to.deep.equal([{ user_id: user.id }])
    expect(await me(user.token)).to.equal(401)
    expect((await post(api, '/auth/refresh', { refresh_token: user.refreshToken })).status).to.equal(401)
    expect((await login(testPassword)).status).to.equal(401)
    expect((await login(changed)).status).to.equal(200)
    expect((await api.mailsTo(user.email)).at(-1)).to.contain('was changed')
  })

  it('is answered the same for every address, and mails only those with an account', async () => {
    const stranger = `${newId()}@example.com`
    const deleted = await signUp(api)
    await api.request('DELETE', '/users/me', { token: deleted.token, body: { password: testPassword } })
    const answers = [await forgot(), await forgot(stranger), await forgot(deleted.email)]
    for (const answer of answers) expect(shapeOf(answer)).to.deep.equal(shapeOf(answers[0] as never))
    for (const address of [stranger, deleted.email]) expect(await api.mailsTo(address)).to.deep.equal([])
    expect(await codeFor(api, user.email)).to.be.a('string')
  })

  it('is replaced once, also where ten show the code at the same time', async () => {
    await forgot()
    const code = await codeFor(api, user.email)
    const answers = await Promise.all(Array.from({ length: 10 }, () => reset(code)))
    expect(answers.filter(({ status }) => status === 204)).to.have.length(1)
    expect(answers.filter(({ status }) => status === 422)).to.have.length(9)
  })

  it('is not replaced with a wrong code, an old one, one that is over, or that of somebody else', async () => {
    await forgot()
    const old = await codeFor(api, user.email)
    const other = await signUp(api)
    await forgot(other.email)
    for (const code of ['ABCD-EFGH', '123456', '', await codeFor(api, other.email)]) {
      const { status, body } = await reset(code)
      expect([status, body.type], code).to.deep.equal([422, problem('bad-code')])
    }
    await forgot()
    expect((await reset(old)).status).to.equal(422)
    const code = await codeFor(api, user.email)
    await api.owner
      .updateTable('email_codes')
      .set({ expires_at: new Date(0) })
      .execute()
    expect((await reset(code)).status).to.equal(422)
    expect((await login(testPassword)).status).to.equal(200)
  })

  it('is not replaced for who takes the address after it was freed', async () => {
    await forgot()
    const code = await codeFor(api, user.email)
    await api.request('DELETE', '/users/me', { token: user.token, body: { password: testPassword } })
    const body = { email: user.email, password: testPassword, display_name: 'Somebody else' }
    expect((await post(api, '/auth/signup', body)).status).to.equal(201)
    expect((await reset(code)).status).to.equal(422)
    expect((await login(testPassword)).status).to.equal(200)
  })

  it('mails five codes an hour, and the last one stays good however many more are asked for', async () => {
    for (let i = 0; i < 9; i++) expect((await forgot()).status).to.equal(202)
    expect(await api.mailsTo(user.email)).to.have.length(5)
    expect((await reset(await codeFor(api, user.email))).status).to.equal(204)
  })

  it('wants a password that is one, before the code is looked at', async () => {
    await forgot()
    const code = await codeFor(api, user.email)
    const body = { email: user.email, code, password: 'weak' }
    expect((await post(api, '/auth/reset-password', body)).body.errors[0].pointer).to.equal('/password')
    expect((await reset(code)).status).to.equal(204)
  })

  it('leaves codes and sessions behind that are deleted when they are long over', async () => {
    await forgot()
    await forgot('nobody@example.com')
    const { db } = recordingDatabase(api.databaseUrl)
    expect(await maintain(db)).to.include({ email_codes: 0, sessions: 0 })
    await api.owner
      .updateTable('email_codes')
      .set({ expires_at: new Date(0) })
      .execute()
    await api.owner
      .updateTable('sessions')
      .set({ revoked_at: new Date(0) })
      .execute()
    expect(await maintain(db)).to.include({ email_codes: 2, sessions: 1 })
    await db.destroy()
  })
})
