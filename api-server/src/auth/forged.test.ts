import { forge, type KeyServer, startKeyServer } from '@mdcreator/shared/testing-forgeries'
import { expect } from 'chai'
import { type Answer, type RequestOptions, startApi, type TestApi } from '../testing.ts'

const seed = 20_261_126
const invalid = 'Bearer realm="mdcreator", error="invalid_token", error_description="The access token is not valid"'
const expired = 'Bearer realm="mdcreator", error="invalid_token", error_description="The access token has expired"'

describe('forged tokens', () => {
  let issuer: KeyServer
  let api: TestApi
  before(async () => {
    issuer = await startKeyServer()
    api = await startApi({}, { ...issuer.environment, RATE_LIMIT_PER_MINUTE: '1000000' })
  })
  after(async () => {
    await api.stop()
    await issuer.stop()
  })

  const get = (options: RequestOptions, path = '/users/me') => api.request('GET', path, options)
  const told = ({ status, headers, body }: Answer) =>
    JSON.stringify([status, headers.get('WWW-Authenticate'), headers.get('Cache-Control'), { ...body, instance: '' }])

  it('are told from good ones', async () => {
    for (const token of [issuer.make(), issuer.make({ aud: ['other', 'https://docs.example.com'] })]) {
      expect((await get({ token })).status).to.equal(200)
    }
    expect((await get({ token: issuer.make({}, { typ: 'JWT' }) })).status).to.equal(200)
  })

  it('of all kinds, 1000 of them, get one answer', async function () {
    this.timeout(120_000)
    process.stdout.write(`      seed ${seed}\n`)
    const [bad, old] = [await get({ token: 'x' }), await get({ token: issuer.make({ exp: 1 }) })]
    expect([bad.headers.get('WWW-Authenticate'), old.headers.get('WWW-Authenticate')]).to.deep.equal([invalid, expired])
    const counts = new Map<string, number>()
    const forgeries = forge(issuer, seed, 1_000)
    for (let i = 0; i < forgeries.length; i += 20) {
      await Promise.all(
        forgeries.slice(i, i + 20).map(async ({ kind, token, isExpired }) => {
          const answer = await get({ headers: { Authorization: `Bearer ${token}` } })
          expect(told(answer), `${kind}: ${token.slice(0, 200)}`).to.equal(told(isExpired ? old : bad))
          counts.set(kind, (counts.get(kind) ?? 0) + 1)
        }),
      )
    }
    const figures = `${forgeries.length} tokens of ${counts.size} kinds: 401 for each, keys read ${issuer.fetches()} times`
    process.stdout.write(`      ${figures}\n`)
    const people = await api.owner.selectFrom('users').select('subject').execute()
    expect(people).to.deep.equal([{ subject: 'ada' }])
  })

  it('with 60 unknown keys make us ask for the keys 5 times at most', async () => {
    const before = issuer.fetches()
    for (let i = 0; i < 30; i++) await get({ token: issuer.make({}, { kid: `unknown-${i}` }) })
    await Promise.all(Array.from({ length: 30 }, (_, i) => get({ token: issuer.make({}, { kid: `other-${i}` }) })))
    expect(issuer.fetches() - before).to.be.at.most(5)
    expect((await get({ token: issuer.make() })).status).to.equal(200)
  })

  it('and good ones too are not read from anywhere but the Authorization header', async () => {
    const token = issuer.make()
    const absent = told(await get({}))
    for (const [options, path] of [
      [{}, `/users/me?access_token=${token}`],
      [{}, `/users/me?token=${token}`],
      [{ headers: { Cookie: `access_token=${token}; token=${token}; session=${token}` } }],
      [{ headers: { 'Proxy-Authorization': `Bearer ${token}` } }],
      [{ headers: { 'X-Access-Token': token, 'X-Forwarded-Authorization': `Bearer ${token}` } }],
      [{ headers: { 'X-Original-Authorization': `Bearer ${token}`, 'X-Amzn-Oidc-Accesstoken': token } }],
    ] as [RequestOptions, string?][]) {
      expect(told(await get(options, path))).to.equal(absent)
    }
    const basic = `Basic ${Buffer.from(`ada:${token}`).toString('base64')}`
    for (const header of [
      basic,
      token,
      `Bearer ${token}, Bearer ${token}`,
      `DPoP ${token}`,
      `Bearer: ${token}`,
      'Bearer',
    ]) {
      expect((await get({ headers: { Authorization: header } })).headers.get('WWW-Authenticate')).to.equal(invalid)
    }
  })
})
