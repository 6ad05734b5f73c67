import type { RedisConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import type { Bus } from './bus.ts'
import { MemoryBus } from './memory.ts'
import { RedisBus } from './redis.ts'

/** The bus of this process: over Redis, or in memory where no Redis is configured. */
export const createBus = (redis: RedisConfig | null, log: Logger): Bus =>
  redis ? new RedisBus(redis, log) : new MemoryBus(log)
