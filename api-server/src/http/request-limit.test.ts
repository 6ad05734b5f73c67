import { createLogger } from '@mdcreator/shared/log'
import { until } from '@mdcreator/shared/testing'
import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { type Answer, type RequestOptions, signUp, startApi, type TestApi } from '../testing.ts'
import { RateLimits } from './rate-limit.ts'

const log = createLogger('silent')
const limit = 40
const environment = { RATE_LIMIT_PER_MINUTE: String(limit) }

const allowed = (answers: Answer[]) => answers.filter(({ status }) => status !== 429).length

/** Anybody may ask for it, and it counts. */
const anonymous = (api: TestApi, headers: Record<string, string> = {}) =>
  api.request('GET', '//.well-known/jwks.json', { headers })

describe('requests', () => {
  describe('on one server', () => {
    let api: TestApi
    beforeEach(async () => {
      api = await startApi({}, environment)
    })
    afterEach(() => api.stop())

    it('tell how much is left, and refuse with 429 and when to come back', async () => {
      const first = await anonymous(api)
      expect(first.headers.get('RateLimit-Limit')).to.equal(String(limit))
      expect(first.headers.get('RateLimit-Remaining')).to.equal(String(limit - 1))
      expect(Number(first.headers.get('RateLimit-Reset'))).to.be.within(1, 60)
      for (let i = 1; i < limit; i++) expect((await anonymous(api)).status).to.equal(200)
      const { status, headers, body } = await anonymous(api)
      expect([status, body.type]).to.deep.equal([429, 'https://mdcreator.app/problems/too-many-requests'])
      expect(headers.get('RateLimit-Remaining')).to.equal('0')
      expect(Number(headers.get('Retry-After'))).to.be.within(1, 60)
    })

    it('are for each user, wherever they are, and leave probes alone', async () => {
      const [ada, eve] = [await signUp(api), await signUp(api)]
      const me = (token: string) => api.request('GET', '/users/me', { token })
      const answers = await Promise.all(Array.from({ length: limit + 10 }, () => me(ada.token)))
      expect(allowed(answers)).to.equal(limit)
      expect((await me(eve.token)).status).to.equal(200)
      expect((await anonymous(api)).status).to.equal(200)
      for (let i = 0; i < limit + 10; i++) {
        const probe = await api.request('GET', '//healthz')
        expect([probe.status, probe.headers.get('RateLimit-Limit')]).to.deep.equal([200, null])
      }
    })

    it('count bad tokens and bad bodies, and cannot be dodged by headers', async () => {
      const forged = (i: number): RequestOptions => ({
        token: `forged-${i}`,
        headers: {
          'X-Forwarded-For': `10.0.0.${i}`,
          'X-Real-IP': `10.0.0.${i}`,
          Forwarded: `for=10.0.0.${i}`,
          'X-Client-IP': `10.0.0.${i}`,
          'CF-Connecting-IP': `10.0.0.${i}`,
          'X-Request-Id': `r-${i}`,
        },
      })
      for (let i = 0; i < limit; i++) {
        const options = forged(i)
        const { status } =
          i % 2
            ? await api.request('GET', '/users/me', options)
            : await api.request('POST', '/auth/login', { ...options, body: { email: i } })
        expect(status).to.equal(i % 2 ? 401 : 422)
      }
      expect((await api.request('GET', '/users/me', forged(limit))).status).to.equal(429)
      expect((await anonymous(api, { 'X-Forwarded-For': '203.0.113.7' })).status).to.equal(429)
    })
  })

  it('believe a trusted proxy, and take the addresses of an IPv6 network for one', async () => {
    const api = await startApi({}, { ...environment, TRUSTED_PROXIES: 'loopback' })
    const from = (forwarded: string) => anonymous(api, { 'X-Forwarded-For': forwarded })
    const answers = []
    for (let i = 0; i < limit + 5; i++) answers.push(await from(`198.51.100.${i}, 2001:db8:0:1::${i.toString(16)}`))
    expect(allowed(answers)).to.equal(limit)
    expect((await from('2001:db8:0:2::1')).status).to.equal(200)
    expect((await from('198.51.100.1')).status).to.equal(200)
    await api.stop()
  })

  describe('on two servers with one Redis', () => {
    let redis: RedisServer
    let limits: RateLimits[]
    let apis: TestApi[]
    before(function () {
      requireRedis(this)
    })
    beforeEach(async () => {
      redis = await startRedis()
      limits = [new RateLimits(redis.config, log), new RateLimits(redis.config, log)]
      apis = await Promise.all(limits.map((each) => startApi({ limits: each }, environment)))
      const isShared = async () => {
        const [one, two] = await Promise.all(
          limits.map((each) => each.create({ name: 'probe', points: 9, seconds: 60 })),
        )
        const key = String(Math.random())
        await one?.take(key)
        return (await two?.take(key))?.remaining === 7
      }
      await until(isShared)
    })
    afterEach(async () => {
      await Promise.all(apis.map((api) => api.stop()))
      for (const each of limits) each.close()
      await redis.stop()
    })

    const burst = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          anonymous(apis[i % 2] as TestApi, { 'X-Forwarded-For': `10.1.${i}.1`, 'X-Request-Id': `r-${i}` }),
        ),
      )

    it('hold over both, whatever the headers say', async () => {
      expect(allowed(await burst(5 * limit))).to.be.within(limit, 1.05 * limit)
    })

    it('hold on each instance while Redis is gone or silent, and no request fails or hangs', async () => {
      for (const leave of ['freeze', 'kill'] as const) {
        await redis[leave]()
        const start = performance.now()
        const answers = await burst(4 * limit)
        expect(performance.now() - start, leave).to.be.lessThan(3_000)
        expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 429)).to.deep.equal(
          [],
        )
        expect(allowed(answers), leave).to.be.at.most(2 * limit)
        redis.thaw()
      }
    })
  })
})
