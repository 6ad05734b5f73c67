import type { RedisConfig } from '../config.ts'
import { createLogger } from '../log.ts'
import { type RedisServer, requireRedis, startRedis, startRedisCluster } from '../testing-redis.ts'
import { describeBus } from './contract.ts'
import { RedisBus } from './redis.ts'

describe('over Redis', () => {
  let redis: RedisServer
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  before(async function () {
    requireRedis(this)
    redis = await startRedis()
    cluster = await startRedisCluster()
  })
  after(() => Promise.all([redis?.stop(), cluster?.stop()]))

  const log = createLogger('silent')
  const pair = async (config: RedisConfig): Promise<{ api: RedisBus; collab: RedisBus }> => ({
    api: new RedisBus(config, log),
    collab: new RedisBus(config, log),
  })
  describeBus('the bus over Redis', () => pair(redis.config))
  describeBus('the bus over a Redis Cluster', () => pair(cluster.config))
})
