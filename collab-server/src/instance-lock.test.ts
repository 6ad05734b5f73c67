import { createPool } from '@mdcreator/db/database'
import { createTestDatabase, type TestDatabase } from '@mdcreator/db/testing'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { InstanceLock } from './instance-lock.ts'
import { until } from './testing.ts'

describe('the lock on the update log', () => {
  let database: TestDatabase
  const locks: InstanceLock[] = []
  before(async () => {
    database = await createTestDatabase()
  })
  afterEach(() => Promise.all(locks.splice(0).map((lock) => lock.release())))
  after(() => database.drop())

  const lock = (isShared: boolean): InstanceLock => {
    const one = new InstanceLock({ url: database.url, isShared, log: createLogger('silent'), waitMs: 0 })
    locks.push(one)
    return one
  }
  const refusal = (one: InstanceLock): Promise<string> =>
    one.acquire().then(
      () => 'acquired',
      (error: Error) => `${error.name}: ${error.message}`,
    )

  it('keeps a second server without Redis away, and says what to do', async () => {
    await lock(false).acquire()
    expect(await refusal(lock(false))).to.match(/^UserError: .*REDIS_URL/)
  })

  it('is shared by servers with Redis, and kept from one without', async () => {
    await lock(true).acquire()
    await lock(true).acquire()
    expect(await refusal(lock(false))).to.match(/^UserError: .*REDIS_URL/)
  })

  it('keeps a server with Redis from one without', async () => {
    await lock(false).acquire()
    expect(await refusal(lock(true))).to.match(/^UserError: .*without Redis/)
  })

  it('is free when its holder is gone, and taken again after the connection broke', async () => {
    const first = lock(false)
    await first.acquire()
    const admin = createPool({ url: database.url, size: 1 })
    await admin.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`)
    await until(() =>
      first.check().then(
        () => false,
        () => true,
      ),
    )
    await until(() =>
      first.check().then(
        () => true,
        () => false,
      ),
    )
    await admin.end()
    await first.release()
    locks.splice(0)
    await lock(false).acquire()
  })
})
