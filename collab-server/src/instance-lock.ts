import { createPool, type Pool, type PoolClient } from '@mdcreator/db/database'
import { explainDatabaseError } from '@mdcreator/db/explain-error'
import { databasePatience } from '@mdcreator/db/patience'
import type { Logger } from '@mdcreator/shared/log'
import { retrying } from '@mdcreator/shared/retry'
import { UserError } from '@mdcreator/shared/user-error'

/** The advisory lock that stands for "writes to the update log": any number that nobody else uses. */
const lockKey = 0x6d646372
const retryMs = 1_000

export type InstanceLockOptions = {
  url: string
  /** True for a server with Redis. */
  isShared: boolean
  log: Logger
  /** How long to wait for its holder: the database may not have noticed yet that it was killed. */
  waitMs?: number
  /** How long to wait for a database that is away. */
  awayMs?: number
}

/**
 * Makes sure that servers which cannot hear each other do not write to one log: a server without Redis holds the lock for
 * itself, servers with Redis share it.
 */
export class InstanceLock {
  private readonly pool: Pool
  private readonly isShared: boolean
  private readonly log: Logger
  private readonly waitMs: number
  private readonly awayMs: number
  private client: PoolClient | null = null
  private stopped = false

  constructor({ url, isShared, log, waitMs = 5_000, awayMs = 0 }: InstanceLockOptions) {
    this.pool = createPool({ url, role: 'mdcreator_collab', size: 1, log })
    this.isShared = isShared
    this.waitMs = waitMs
    this.awayMs = awayMs
    this.log = log
  }

  /** Rejects while it is not held. */
  async check(): Promise<void> {
    if (!this.client) throw new Error('The lock on the update log is not held')
  }

  /** @throws UserError where another server holds it, or the database cannot be reached */
  async acquire(): Promise<void> {
    const taken = new UserError(
      this.isShared
        ? 'A collaboration server without Redis uses this database: stop it first, or give it the same REDIS_URL'
        : 'Another collaboration server uses this database: set REDIS_URL for both, so that they can hear each other, or stop it first',
    )
    const tryOnce = async (): Promise<void> => {
      const isTaken = await this.take().catch((error: unknown) => {
        throw explainDatabaseError(error)
      })
      if (!isTaken) throw taken
    }
    await retrying(tryOnce, databasePatience({ log: this.log, awayMs: this.awayMs, otherMs: this.waitMs }))
  }

  async release(): Promise<void> {
    this.stopped = true
    this.client?.release(true)
    this.client = null
    await this.pool.end()
  }

  private async take(): Promise<boolean> {
    const client = await this.pool.connect()
    const call = this.isShared ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock'
    const { rows } = await client.query(`select ${call}($1) as taken`, [lockKey]).catch((error: unknown) => {
      client.release(true)
      throw error
    })
    if (!rows[0].taken) {
      client.release(true)
      return false
    }
    this.client = client
    client.on('error', () => {})
    client.once('end', () => this.lost(client))
    return true
  }

  /** The connection broke, and the lock with it. */
  private lost(client: PoolClient): void {
    if (this.stopped || this.client !== client) return
    this.client = null
    client.release(true)
    this.retake()
  }

  private retake(): void {
    setTimeout(async () => {
      if (this.stopped) return
      const isTaken = await this.take().catch(() => false)
      if (isTaken) return
      this.log.warn('the lock on the update log is not held: the database is away, or another server has it')
      this.retake()
    }, retryMs).unref()
  }
}
