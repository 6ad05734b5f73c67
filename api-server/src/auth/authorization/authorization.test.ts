import { createHash, randomBytes } from 'node:crypto'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import {
  type Answer,
  recordChanges,
  signUp,
  startApi,
  type TestApi,
  type TestUser,
  testIssuer,
  testPassword,
} from '../../testing.ts'
import { codeFor, post } from '../testing.ts'

const callback = 'http://127.0.0.1:52011/callback'
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')
const asked = {
  response_type: 'code',
  client_id: 'mdcreator-desktop',
  redirect_uri: callback,
  state: 'a state',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}
type Fields = Record<string, string | undefined>

describe('signing in to an app', () => {
  let api: TestApi
  let user: TestUser
  beforeEach(async () => {
    api = await startApi({}, { TRUSTED_PROXIES: 'loopback' })
    user = await signUp(api)
  })
  afterEach(() => api.stop())

  const encode = (fields: Fields): string =>
    new URLSearchParams(
      Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ).toString()
  const form = (path: string, fields: Fields | string, headers: Record<string, string> = {}) =>
    api.request('POST', path, {
      raw: typeof fields === 'string' ? fields : encode(fields),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    })
  const open = (change: Fields = {}) => api.request('GET', `/auth/authorize?${encode({ ...asked, ...change })}`)
  const submit = (change: Fields = {}, headers: Record<string, string> = { Origin: api.origin }) =>
    form('/auth/authorize', { ...asked, email: user.email, password: testPassword, ...change }, headers)
  const parametersOf = (answer: Answer) => new URL(answer.headers.get('Location') ?? '').searchParams
  const codeOf = async () => String(parametersOf(await submit()).get('code'))
  const redeem = (code: string, change: Fields = {}) =>
    form('/auth/token', {
      ...{ grant_type: 'authorization_code', client_id: asked.client_id, code, redirect_uri: callback },
      ...{ code_verifier: verifier, ...change },
    })
  const me = async (token: string) => (await api.request('GET', '/users/me', { token })).status

  it('shows a page without script, which nobody can frame, and whose form goes nowhere else', async () => {
    const { status, headers, text } = await open({ login_hint: 'ada@example.com' })
    expect(status).to.equal(200)
    expect(headers.get('Content-Type')).to.equal('text/html; charset=utf-8')
    expect(headers.get('Cache-Control')).to.equal('no-store')
    expect(headers.get('X-Frame-Options')).to.equal('DENY')
    expect(headers.get('Content-Security-Policy'))
      .to.match(/^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; /)
      .and.contain("form-action 'self' http://127.0.0.1:52011;")
      .and.contain("frame-ancestors 'none'")
      .and.not.contain('script')
    expect(text)
      .to.contain('value="ada@example.com"')
      .and.not.match(/<script|onload|style="/)
  })

  for (const [way, encodeBody] of [
    ['a form', (fields: object) => form('/auth/token', fields as Fields)],
    ['JSON', (fields: object) => post(api, '/auth/token', fields)],
  ] as const) {
    it(`leads back with a code, which is exchanged for tokens as ${way}, and those for others`, async () => {
      const answer = await submit()
      expect(answer.status).to.equal(303)
      expect(answer.headers.get('Location')).to.match(/^http:\/\/127\.0\.0\.1:52011\/callback\?/)
      const parameters = parametersOf(answer)
      expect([...parameters.keys()]).to.have.members(['code', 'state', 'iss'])
      expect([parameters.get('state'), parameters.get('iss')]).to.deep.equal(['a state', testIssuer])
      const client_id = asked.client_id
      const request = {
        grant_type: 'authorization_code',
        client_id,
        code: parameters.get('code'),
        redirect_uri: callback,
      }
      const tokens = await encodeBody({ ...request, code_verifier: verifier })
      expect(tokens.status).to.equal(200)
      expect(tokens.headers.get('Cache-Control')).to.equal('no-store')
      expect(await me(tokens.body.access_token)).to.equal(200)
      const sessions = await api.request('GET', '/auth/sessions', { token: tokens.body.access_token })
      expect(sessions.body.items[0]).to.include({ client_id: 'mdcreator-desktop', current: true })
      const refresh = { grant_type: 'refresh_token', client_id, refresh_token: tokens.body.refresh_token }
      const next = await encodeBody(refresh)
      expect(await me(next.body.access_token)).to.equal(200)
      const again = await encodeBody(refresh)
      expect([again.status, again.body.error]).to.deep.equal([400, 'invalid_grant'])
      expect(await me(next.body.access_token)).to.equal(401)
    })
  }

  it('leads nowhere for an app that is not known, or named twice', async () => {
    for (const client_id of [undefined, '', 'other', 'MDCREATOR-DESKTOP', 'mdcreator-desktop ']) {
      expect((await open({ client_id })).status, client_id).to.equal(400)
    }
    const twice = await api.request('GET', `/auth/authorize?${encode(asked)}&client_id=mdcreator-desktop`)
    expect(twice.status).to.equal(400)
    expect((await form('/auth/authorize', `${encode(asked)}&state=x`, { Origin: api.origin })).status).to.equal(400)
  })

  for (const redirect_uri of [
    'app.mdcreator:/callback',
    'http://[::1]:1/callback',
    'http://127.0.0.1:65535/callback',
  ]) {
    it(`may be answered at ${redirect_uri}`, async () => {
      expect((await open({ redirect_uri })).status).to.equal(200)
      const location = String((await submit({ redirect_uri })).headers.get('Location'))
      expect(location.startsWith(`${redirect_uri}?code=`)).to.equal(true)
      const code = String(new URL(location).searchParams.get('code'))
      expect((await redeem(code, { redirect_uri })).status).to.equal(200)
    })
  }

  for (const [what, change, error] of [
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with PKCE of the kind plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['without the kind of PKCE, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge that is none', { code_challenge: 'x' }, 'invalid_request'],
    ['without a state', { state: undefined }, 'invalid_request'],
    ['for a token in the address', { response_type: 'token' }, 'unsupported_response_type'],
    ['for an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
  ] as const) {
    it(`is refused ${what}, and the app is told`, async () => {
      const answer = await open(change)
      expect(answer.status).to.equal(303)
      const parameters = parametersOf(answer)
      expect([parameters.get('error'), parameters.get('code')]).to.deep.equal([error, null])
      expect(parameters.get('state')).to.equal('state' in change ? null : 'a state')
      if (!('response_mode' in change)) expect(parametersOf(await submit(change)).get('error')).to.equal(error)
    })
  }

  it('shows the page again where the sign-in is refused, alike for every address, and what was typed is text', async () => {
    const state = '"><script>alert(1)</script>'
    const answers = []
    for (const email of [user.email, 'nobody@example.com'])
      answers.push(await submit({ email, state, password: 'Wr0ng-one' }))
    for (const { status, text, headers } of answers) {
      expect([status, headers.get('WWW-Authenticate')]).to.deep.equal([403, null])
      expect(text).to.contain('The e-mail address or the password is wrong.').and.not.contain('<script')
      expect(text).to.contain('&quot;&gt;&lt;script&gt;').and.not.contain('Wr0ng-one')
    }
    const [known, unknown] = answers.map(({ text }, i) => text.replaceAll(i ? 'nobody@example.com' : user.email, ''))
    expect(known).to.equal(unknown)
    for (let i = 0; i < 9; i++) await submit({ password: 'Wr0ng-one' })
    const throttled = await submit()
    expect(throttled.status).to.equal(429)
    expect(throttled.text).to.match(/Too many tries\. Wait \d+ min/)
    expect((await post(api, '/auth/login', { email: user.email, password: testPassword })).status).to.equal(429)
  })

  it('takes a form from its own page only', async () => {
    for (const headers of [
      {},
      { Origin: 'null' },
      { Origin: 'https://evil.example' },
      { Origin: `${api.origin}.evil.example` },
      { Origin: api.origin, 'Sec-Fetch-Site': 'cross-site' },
      { Origin: api.origin, 'Sec-Fetch-Site': 'same-site' },
    ] as Record<string, string>[]) {
      const answer = await submit({}, headers)
      expect([answer.status, answer.headers.get('Location')], JSON.stringify(headers)).to.deep.equal([403, null])
    }
    expect((await submit({}, { Origin: testIssuer })).status).to.equal(303)
    expect((await submit({}, { 'Sec-Fetch-Site': 'same-origin' })).status).to.equal(303)
  })

  describe('a code', () => {
    for (const [what, change, error] of [
      ['with another verifier', { code_verifier: randomBytes(32).toString('base64url') }, 'invalid_grant'],
      ['with the challenge as the verifier', { code_verifier: challenge }, 'invalid_grant'],
      ['for another address', { redirect_uri: 'http://127.0.0.1:52012/callback' }, 'invalid_grant'],
      ['without a verifier', { code_verifier: undefined }, 'invalid_request'],
      ['without the address', { redirect_uri: undefined }, 'invalid_request'],
      ['by another app', { client_id: 'other' }, 'invalid_client'],
      ['by nobody', { client_id: undefined }, 'invalid_client'],
      ['as another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ] as const) {
      it(`is refused ${what}`, async () => {
        const code = await codeOf()
        const answer = await redeem(code, change)
        expect([answer.status, answer.body.error]).to.deep.equal([400, error])
        expect(answer.body.error_description).to.be.a('string')
        // Shown to us wrongly, it is spent.
        if (error === 'invalid_grant') expect((await redeem(code)).status).to.equal(400)
      })
    }

    it('of an app is no code of another', async () => {
      await codeOf()
      const code = await codeOf()
      await api.owner.updateTable('authorization_codes').set({ client_id: 'other' }).execute()
      expect((await redeem(code)).body.error).to.equal('invalid_grant')
    })

    it('that is shown again ends the session that it gave, which is announced', async () => {
      const code = await codeOf()
      const tokens = (await redeem(code)).body
      const changes = recordChanges(api)
      expect((await redeem(code, { code_verifier: 'x'.repeat(43) })).status).to.equal(400)
      expect(changes).to.deep.equal([{ session_id: tokens.refresh_token.split('.')[0], user_id: user.id }])
      expect(await me(tokens.access_token)).to.equal(401)
      expect((await post(api, '/auth/refresh', { refresh_token: tokens.refresh_token })).status).to.equal(401)
      expect(await me(user.token)).to.equal(200)
    })

    it('gives one session where ten show it at once, and that one ends', async () => {
      const code = await codeOf()
      const answers = await Promise.all(Array.from({ length: 10 }, () => redeem(code)))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).to.have.length(1)
      expect(answers.filter(({ status }) => status === 400)).to.have.length(9)
      expect(await me(won[0]?.body.access_token)).to.equal(401)
    })

    it('is over after a minute, after a new password, and with its account', async () => {
      const late = await codeOf()
      const { expires_at } = await api.owner
        .selectFrom('authorization_codes')
        .select('expires_at')
        .executeTakeFirstOrThrow()
      expect(expires_at.getTime() - Date.now()).to.be.within(50_000, 60_000)
      await api.owner
        .updateTable('authorization_codes')
        .set({ expires_at: new Date(0) })
        .execute()
      expect((await redeem(late)).body.error).to.equal('invalid_grant')

      const before = await codeOf()
      await post(api, '/auth/forgot-password', { email: user.email })
      const reset = { email: user.email, code: await codeFor(api, user.email), password: testPassword }
      expect((await post(api, '/auth/reset-password', reset)).status).to.equal(204)
      expect((await redeem(before)).body.error).to.equal('invalid_grant')

      const last = await codeOf()
      await api.owner.updateTable('users').set({ deleted_at: new Date() }).where('id', '=', user.id).execute()
      expect((await redeem(last)).body.error).to.equal('invalid_grant')
    })

    it('is kept as no more than a hash', async () => {
      const code = await codeOf()
      const row = await api.owner.selectFrom('authorization_codes').selectAll().executeTakeFirstOrThrow()
      expect(row.code_hash.equals(createHash('sha256').update(code).digest())).to.equal(true)
    })
  })

  it('refreshes no session of another app, and none that a password opened', async () => {
    const refresh = (refresh_token: string) =>
      form('/auth/token', { grant_type: 'refresh_token', client_id: asked.client_id, refresh_token })
    for (const token of [user.refreshToken, `${newId()}.x`, 'x']) {
      expect((await refresh(token)).body.error, token).to.equal('invalid_grant')
    }
    expect((await post(api, '/auth/refresh', { refresh_token: user.refreshToken })).status).to.equal(200)
  })

  it('is described where apps look', async () => {
    const { body } = await api.request('GET', '//.well-known/openid-configuration')
    expect(body).to.deep.include({
      authorization_endpoint: `${testIssuer}/api/v1/auth/authorize`,
      token_endpoint: `${testIssuer}/api/v1/auth/token`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    })
  })
})
