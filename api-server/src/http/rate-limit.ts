import { createHash } from 'node:crypto'
import type { RedisConfig } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import { createRedis, type RedisClient } from '@mdcreator/shared/redis'
import type { Response } from 'express'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem, problemTypes } from './problem.ts'

/** So many points of one key in so many seconds, counted from its first. `name` keeps limits apart. */
export type Limit = { name: string; points: number; seconds: number }

/** What is left; `waitSeconds` until all is there again. */
export type Allowance = { isAllowed: boolean; limit: number; remaining: number; waitSeconds: number }

export type RateLimit = {
  /** Takes points of a key, also where there are none left. */
  take(key: string, points?: number): Promise<Allowance>
  /** Puts points back that were taken. */
  giveBack(key: string, points?: number): Promise<void>
  /** Lets a key start anew. */
  forget(key: string): Promise<void>
}

/** How long a request waits for a Redis that does not answer; in less than 2 s such a connection is given up. */
const patienceMs = 250

/**
 * Makes limits that all servers share through Redis. While Redis is away, or where there is none, each server counts for
 * itself, and no request fails or waits because of it. Keys are hashed: they may hold what nobody needs to find in Redis.
 */
export class RateLimits {
  private readonly redis: RedisClient | null
  private readonly prefix: string

  constructor(config: RedisConfig | null, log: Logger) {
    this.redis = config && createRedis(config, log, { role: 'publish', commandTimeoutMs: patienceMs })
    this.prefix = `${config?.prefix ?? ''}limit:`
  }

  create({ name, points, seconds }: Limit): RateLimit {
    const options = { keyPrefix: this.prefix + name, points, duration: seconds }
    const memory = new RateLimiterMemory(options)
    const limiter = this.redis
      ? new RateLimiterRedis({
          ...options,
          storeClient: this.redis,
          rejectIfRedisNotReady: true,
          insuranceLimiter: memory,
        })
      : memory
    return {
      take: async (key, count = 1) => {
        const result = await limiter.consume(hash(key), count).catch((refused: unknown) => {
          if (refused instanceof RateLimiterRes) return refused
          throw refused
        })
        const waitSeconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000))
        const isAllowed = result.consumedPoints <= points
        return { isAllowed, limit: points, remaining: Math.max(0, result.remainingPoints), waitSeconds }
      },
      giveBack: async (key, count = 1) => void (await limiter.reward(hash(key), count)),
      forget: async (key) => void (await limiter.delete(hash(key))),
    }
  }

  close(): void {
    this.redis?.disconnect()
  }
}

/** Tells in headers how much is left. @throws Problem 429 where it was too much */
export function enforce(res: Response, { isAllowed, limit, remaining, waitSeconds }: Allowance): void {
  res.set({
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(waitSeconds),
  })
  if (!isAllowed) throw tooMany(waitSeconds)
}

/** 429: try again in `retryAfter` seconds. */
export const tooMany = (retryAfter: number): Problem =>
  new Problem(problemTypes.tooManyRequests, 'Too many requests: wait as long as Retry-After says', {
    headers: { 'Retry-After': String(retryAfter) },
  })

const hash = (key: string): string => createHash('sha256').update(key).digest('base64url')
