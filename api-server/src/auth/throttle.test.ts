import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { createLogger } from '@mdcreator/shared/log'
import { until } from '@mdcreator/shared/testing'
import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { RateLimits } from '../http/rate-limit.ts'
import { signUp, startAnother, startApi, type TestApi, type TestUser, testPassword } from '../testing.ts'
import { codeFor, post, problem, shapeOf } from './testing.ts'

const wrong = 'Wr0ng-one'

describe('guessing', () => {
  let api: TestApi
  let user: TestUser
  beforeEach(async () => {
    api = await startApi({}, { TRUSTED_PROXIES: 'loopback' })
    user = await signUp(api)
  })
  afterEach(() => api.stop())

  const from = (network: string) => ({ 'X-Forwarded-For': network })
  const login = (network: string, password: string, email = user.email, server = api) =>
    post(server, '/auth/login', { email, password }, from(network))
  const guess = async (count: number, network: string | ((i: number) => string), email?: string) => {
    const networkOf = typeof network === 'string' ? () => network : network
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => login(networkOf(i), wrong, email)))
    return { tried: answers.filter(({ status }) => status === 401).length, answers }
  }

  it('a password is let through ten times, also at once; then the right one is refused too, without telling', async () => {
    const { tried, answers } = await guess(25, '203.0.113.1')
    expect(tried).to.equal(10)
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.body.type).to.equal(problem('too-many-requests'))
    expect(Number(refused?.headers.get('Retry-After'))).to.be.within(1, 900)
    expect(shapeOf(await login('203.0.113.1', testPassword))).to.deep.equal(shapeOf(refused as never))
  })

  it('is counted the same for an address without an account', async () => {
    expect((await guess(25, '203.0.113.1', 'nobody@example.com')).tried).to.equal(10)
  })

  it('does not lock the owner out, whom other networks know', async () => {
    await login('198.51.100.1', testPassword)
    const { tried } = await guess(60, (i) => `203.0.113.${i}`)
    expect(tried).to.equal(30)
    expect((await login('198.51.100.1', testPassword)).status).to.equal(200)
    expect((await login('198.51.100.2', testPassword)).status).to.equal(429)
    // From a new place: with a code from the mail.
    await post(api, '/auth/forgot-password', { email: user.email }, from('198.51.100.2'))
    const body = { email: user.email, code: await codeFor(api, user.email), password: testPassword }
    expect((await post(api, '/auth/reset-password', body, from('198.51.100.2'))).status).to.equal(204)
    expect((await login('198.51.100.2', testPassword)).status).to.equal(200)
  })

  it('one password of many accounts is let through 60 times from one network', async () => {
    const answers = await Promise.all(
      Array.from({ length: 70 }, () => login('203.0.113.1', wrong, `${newId()}@example.com`)),
    )
    expect(answers.filter(({ status }) => status === 401)).to.have.length(60)
    expect((await login('203.0.113.2', testPassword)).status).to.equal(200)
  }).timeout(60_000)

  it('counts no sign-in that was right', async () => {
    for (let i = 0; i < 12; i++) expect((await login('203.0.113.1', testPassword)).status).to.equal(200)
    for (let i = 0; i < 9; i++) await login('203.0.113.1', wrong)
    expect((await login('203.0.113.1', testPassword)).status).to.equal(200)
    expect((await guess(10, '203.0.113.1')).tried).to.equal(10)
  })

  it('from the addresses of one IPv6 customer is guessing from one', async () => {
    const { tried } = await guess(25, (i) => `2001:db8:1:2::${i + 1}`)
    expect(tried).to.equal(10)
    expect((await login('2001:db8:1:3::1', testPassword)).status).to.equal(200)
  })

  it('codes is let through 30 times from one network, whatever the account', async () => {
    const show = () =>
      post(api, '/auth/verify-email', { email: `${newId()}@example.com`, code: '000000' }, from('203.0.113.1'))
    const answers = await Promise.all(Array.from({ length: 40 }, show))
    expect(answers.filter(({ status }) => status === 422)).to.have.length(30)
    expect(answers.filter(({ status }) => status === 429)).to.have.length(10)
  })

  it('addresses is refused after 30 mails from one network', async () => {
    const ask = () => post(api, '/auth/forgot-password', { email: `${newId()}@example.com` }, from('203.0.113.1'))
    const answers = await Promise.all(Array.from({ length: 35 }, ask))
    expect(answers.filter(({ status }) => status === 202)).to.have.length(30)
  })

  it('is not made easier by headers where nobody is trusted to write them', async () => {
    const config = loadConfig({ ENV: 'test', DATA_DIR: api.config.dataDir })
    const server = await startAnother(api, { config })
    const headers = (i: number) => ({
      ...{ 'X-Forwarded-For': `203.0.113.${i}`, 'X-Real-IP': `203.0.113.${i}`, Forwarded: `for=203.0.113.${i}` },
      ...{ 'True-Client-IP': `203.0.113.${i}`, 'CF-Connecting-IP': `203.0.113.${i}`, 'X-Client-IP': `203.0.113.${i}` },
    })
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        post(server, '/auth/login', { email: user.email, password: wrong }, headers(i)),
      ),
    )
    await server.stop()
    expect(answers.filter(({ status }) => status === 401)).to.have.length(10)
  })

  describe('on two servers', () => {
    let redis: RedisServer
    before(async function () {
      requireRedis(this)
      redis = await startRedis()
    })
    after(() => redis?.stop())

    it('is counted together, from whichever side of a proxy', async () => {
      const config = loadConfig({
        ...{ ENV: 'test', DATA_DIR: api.config.dataDir, TRUSTED_PROXIES: 'loopback' },
        ...{ REDIS_URL: redis.config.url, REDIS_PREFIX: redis.config.prefix },
      })
      const limits = [0, 1].map(() => new RateLimits(config.redis, createLogger('silent')))
      const probes = limits.map((each) => each.create({ name: 'probe', points: 1, seconds: 60 }))
      await until(async () => {
        const key = newId()
        await probes[0]?.take(key)
        return (await probes[1]?.take(key))?.isAllowed === false
      })
      const servers = await Promise.all(limits.map((each) => startAnother(api, { config, limits: each })))
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          login(`6.6.6.${i}, 203.0.113.1`, wrong, user.email, servers[i % 2] as TestApi),
        ),
      )
      await Promise.all([...servers.map((server) => server.stop()), ...limits.map((each) => each.close())])
      expect(answers.filter(({ status }) => status === 401)).to.have.length(10)
    })
  })
})
