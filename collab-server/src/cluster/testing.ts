import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { startWorld, type TestServer, type World } from '../testing.ts'

type TwoServers = { world: World; redis: RedisServer; first: TestServer; second: TestServer; token: string }

/** For a `describe`: two servers that a Redis joins, and the token of somebody who may write on both; there from its tests on. */
export function twoServers(): TwoServers {
  const two = {} as TwoServers
  before(async function () {
    requireRedis(this)
    two.redis = await startRedis()
    two.world = await startWorld()
    two.first = await two.world.server({ redis: two.redis.config })
    two.second = await two.world.server({ redis: two.redis.config })
    two.token = (await two.world.person('Ada')).token
  })
  after(async () => {
    await two.world?.stop()
    await two.redis?.stop()
  })
  return two
}
