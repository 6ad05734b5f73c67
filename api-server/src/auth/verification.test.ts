import { recordingDatabase } from '@mdcreator/db/testing-statements'
import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { signUp, startAnother, startApi, type TestApi, testPassword } from '../testing.ts'
import { codeFor, newAccount, post, problem, shapeOf } from './testing.ts'

describe('e-mail addresses that must be confirmed', () => {
  let api: TestApi
  beforeEach(async () => {
    api = await startApi({}, { EMAIL_VERIFICATION: 'required' })
  })
  afterEach(() => api.stop())

  const signup = (account: object) => post(api, '/auth/signup', account)
  const verify = (email: string, code: string | undefined) => post(api, '/auth/verify-email', { email, code })
  const login = (email: string, password = testPassword) => post(api, '/auth/login', { email, password })
  const verified = async (account = newAccount()) => {
    await signup(account)
    const { status, body } = await verify(account.email, await codeFor(api, account.email))
    expect(status).to.equal(200)
    return { ...account, ...body }
  }
  /** Another code than the one that was mailed. */
  const wrong = (code: string | undefined) => (code === '000000' ? '000001' : '000000')

  it('have no account, and no tokens, until the code comes back', async () => {
    const account = newAccount()
    const answer = await signup(account)
    expect(answer.status).to.equal(201)
    expect(Object.keys(answer.body)).to.have.members(['user', 'verification_required'])
    expect(answer.body).to.include({ verification_required: true })
    expect(answer.body.user).to.include({ email: account.email, display_name: 'Ada' })
    expect((await login(account.email)).status).to.equal(401)
    expect(await api.owner.selectFrom('users').select('id').execute()).to.deep.equal([])

    const code = await codeFor(api, account.email)
    expect(code).to.match(/^\d{6}$/)
    const tokens = await verify(` ${account.email.toUpperCase()}`, `${code?.slice(0, 3)} ${code?.slice(3)}`)
    expect(tokens.status).to.equal(200)
    const me = await api.request('GET', '/users/me', { token: tokens.body.access_token })
    expect(me.body).to.include({ email: account.email, id: answer.body.user.id })
    expect((await login(account.email)).status).to.equal(200)
    expect((await verify(account.email, code)).status).to.equal(422)
  })

  it('are answered alike, with the same work, whether they have an account or not', async () => {
    const known = await verified()
    const { db, statements } = recordingDatabase(api.databaseUrl)
    const server = await startAnother(api, { db })
    await server.request('GET', '/users/me')
    const outcomes = []
    for (const email of [known.email, `${newId()}@example.com`]) {
      // The first use of the secret reads it.
      await post(server, '/auth/verify-email', { email, code: '1' })
      statements.length = 0
      const answers = [
        await post(server, '/auth/signup', newAccount({ email, password: 'An0ther-one' })),
        await post(server, '/auth/signup', newAccount({ email, password: 'An0ther-one' })),
        await post(server, '/auth/verify-email', { email, code: '000000' }),
        await post(server, '/auth/login', { email, password: 'An0ther-one' }),
        await post(server, '/auth/forgot-password', { email }),
        await post(server, '/auth/reset-password', { email, code: 'ABCD-EFGH', password: 'An0ther-one' }),
      ]
      outcomes.push({ answers: answers.map(shapeOf), statements: [...statements] })
    }
    await server.stop()
    expect(outcomes[0]).to.deep.equal(outcomes[1])
    expect(outcomes[0]?.statements).to.have.length.above(10)
    expect(outcomes[0]?.answers.map((answer) => (answer as { status: number }).status)).to.deep.equal([
      201, 201, 422, 401, 202, 422,
    ])
  })

  it('tell their owner where somebody else signs up, and nothing changes', async () => {
    const owner = await verified()
    await signup(newAccount({ email: owner.email, password: 'An0ther-one' }))
    const mails = await api.mailsTo(owner.email)
    expect(mails).to.have.length(2)
    expect(mails[1]).to.contain('Somebody tried to sign up')
    expect(await codeFor(api, owner.email)).to.equal(undefined)
    expect((await login(owner.email)).status).to.equal(200)
    expect((await login(owner.email, 'An0ther-one')).status).to.equal(401)
  })

  it('are not confirmed by guessing: five tries, then the right code is refused too', async () => {
    const account = newAccount()
    await signup(account)
    const code = await codeFor(api, account.email)
    const answers = await Promise.all(Array.from({ length: 5 }, () => verify(account.email, wrong(code))))
    for (const { status, body } of answers) {
      expect([status, body.type]).to.deep.equal([422, problem('bad-code')])
    }
    expect(shapeOf(await verify(account.email, code))).to.deep.equal(shapeOf(answers[0] as never))
    await signup(account)
    expect((await verify(account.email, await codeFor(api, account.email))).status).to.equal(200)
  })

  it('get at most five codes an hour, which bounds the guesses to 25', async () => {
    const account = newAccount()
    const statuses = []
    for (let i = 0; i < 6; i++) statuses.push((await signup(account)).status)
    expect(statuses).to.deep.equal([201, 201, 201, 201, 201, 429])
    expect(await api.mailsTo(account.email)).to.have.length(5)
    expect((await verify(account.email, await codeFor(api, account.email))).status).to.equal(200)
  })

  it('are confirmed once where ten show the code at the same time', async () => {
    const account = newAccount()
    await signup(account)
    const code = await codeFor(api, account.email)
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(account.email, code)))
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
    expect(answers.filter(({ status }) => status === 422)).to.have.length(9)
  })

  it('are not confirmed with a code that has expired, is old, or is for another address or purpose', async () => {
    const [account, other] = [newAccount(), newAccount()]
    await signup(account)
    const old = await codeFor(api, account.email)
    await signup(account)
    const code = await codeFor(api, account.email)
    if (old !== code) expect((await verify(account.email, old)).status).to.equal(422)
    await signup(other)
    if (code !== (await codeFor(api, other.email))) expect((await verify(other.email, code)).status).to.equal(422)
    const reset = { email: account.email, code, password: testPassword }
    expect((await post(api, '/auth/reset-password', reset)).status).to.equal(422)
    const past = new Date(Date.now() - 1)
    await api.owner.updateTable('email_codes').set({ expires_at: past }).where('email', '=', account.email).execute()
    expect((await verify(account.email, code)).status).to.equal(422)
  })

  it("leave no stranger's password behind: of two that were signed up with, none is good", async () => {
    const account = newAccount()
    await signup({ ...account, password: 'Strang3r-one' })
    await signup(account)
    await signup({ ...account, password: 'Strang3r-one' })
    const tokens = await verify(account.email, await codeFor(api, account.email))
    expect(tokens.status).to.equal(200)
    for (const password of ['Strang3r-one', testPassword]) {
      expect((await login(account.email, password)).status).to.equal(401)
    }
    await post(api, '/auth/forgot-password', { email: account.email })
    const code = await codeFor(api, account.email)
    const reset = { email: account.email, code, password: testPassword }
    expect((await post(api, '/auth/reset-password', reset)).status).to.equal(204)
    expect((await login(account.email)).status).to.equal(200)
  })

  it('take the password of the latest sign-up where the code before is over, or the password is the same', async () => {
    const account = newAccount()
    await signup({ ...account, password: 'Strang3r-one' })
    await api.owner
      .updateTable('email_codes')
      .set({ expires_at: new Date(0) })
      .execute()
    await signup(account)
    await signup(account)
    expect((await verify(account.email, await codeFor(api, account.email))).status).to.equal(200)
    expect((await login(account.email)).status).to.equal(200)
    expect((await login(account.email, 'Strang3r-one')).status).to.equal(401)
  })

  it('of accounts that were there before are confirmed at the next sign-in, with the right password only', async () => {
    const config = loadConfig({ ENV: 'test', PUBLIC_URL: api.config.publicUrl as string, DATA_DIR: api.config.dataDir })
    const before = await startAnother(api, { config })
    const user = await signUp(before)
    await before.stop()
    expect((await login(user.email, 'Wr0ng-one')).status).to.equal(401)
    expect(await api.mailsTo(user.email)).to.deep.equal([])
    const refused = await login(user.email)
    expect([refused.status, refused.body.type]).to.deep.equal([403, problem('email-unverified')])
    expect((await verify(user.email, await codeFor(api, user.email))).status).to.equal(200)
    expect((await login(user.email)).status).to.equal(200)
  })

  it('and their codes are kept as no more than a keyed hash', async () => {
    const account = newAccount()
    await signup(account)
    const code = String(await codeFor(api, account.email))
    const row = await api.owner.selectFrom('email_codes').selectAll().executeTakeFirstOrThrow()
    expect(row.code_hash).to.have.length(32)
    expect(JSON.stringify({ ...row, expires_at: null, user_id: null })).not.to.contain(code)
    expect(row.password_hash).to.match(/^\$argon2id\$/)
  })
})
