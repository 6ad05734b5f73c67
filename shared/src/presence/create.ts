import type { RedisConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { MemoryPresence } from './memory.ts'
import type { PresenceStore } from './presence.ts'
import { RedisPresence } from './redis.ts'

/** Where presence is kept: in Redis, or in memory where no Redis is configured. */
export const createPresenceStore = (redis: RedisConfig | null, log: Logger): PresenceStore =>
  redis ? new RedisPresence(redis, log) : new MemoryPresence()
