import { createLogger } from '@mdcreator/shared/log'
import { until } from '@mdcreator/shared/testing'
import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { RateLimits } from './rate-limit.ts'

const log = createLogger('silent')
const limit = { name: 'test', points: 10, seconds: 60 }

describe('rate limits', () => {
  it('let through what they say, of each key and each limit for itself', async () => {
    const limits = new RateLimits(null, log)
    const [first, second] = [limits.create(limit), limits.create({ ...limit, name: 'other' })]
    const answers = await Promise.all(Array.from({ length: 30 }, () => first.take('ada')))
    expect(answers.filter(({ isAllowed }) => isAllowed)).to.have.length(10)
    expect(answers[0]).to.deep.equal({ isAllowed: true, limit: 10, remaining: 9, waitSeconds: 60 })
    expect(answers[29]).to.deep.equal({ isAllowed: false, limit: 10, remaining: 0, waitSeconds: 60 })
    for (const other of [await first.take('ben'), await second.take('ada')]) expect(other.isAllowed).to.equal(true)
  })

  it('take back what was given back, and start anew when told', async () => {
    const limits = new RateLimits(null, log)
    const { take, giveBack, forget } = limits.create({ ...limit, points: 1 })
    expect((await take('ada')).isAllowed).to.equal(true)
    await giveBack('ada')
    expect((await take('ada')).isAllowed).to.equal(true)
    expect((await take('ada')).isAllowed).to.equal(false)
    await forget('ada')
    expect((await take('ada')).isAllowed).to.equal(true)
  })

  describe('on two servers', () => {
    let redis: RedisServer
    before(async function () {
      requireRedis(this)
      redis = await startRedis()
    })
    after(() => redis?.stop())

    it('hold for both together, and for each alone while Redis is away', async () => {
      const servers = [new RateLimits(redis.config, log), new RateLimits(redis.config, log)]
      const taken = servers.map((server) => server.create(limit).take)
      const take = async (key: string, count: number) => {
        const each = Array.from({ length: count }, (_, i) => taken[i % 2]?.(key))
        return (await Promise.all(each)).filter((answer) => answer?.isAllowed).length
      }
      // Until both are connected each has counted for itself.
      let tries = 0
      await until(async () => (await take(`connecting ${tries++}`, 40)) === 10)
      expect(await take('ada', 60)).to.equal(10)
      await redis.kill()
      expect(await take('ben', 60)).to.equal(20)
      await redis.restart()
      await until(async () => (await take(`again ${tries++}`, 40)) === 10)
      for (const server of servers) server.close()
    })
  })
})
