import { createPool } from '@mdcreator/db/database'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { startWorld, type World } from '../testing.ts'
import { Storage } from './storage.ts'

const timeoutMs = 1_500

describe('a transaction', () => {
  let world: World
  before(async () => {
    world = await startWorld()
  })
  after(() => world.stop())

  it('whose connection dies without a word is waited for once, and leaves nothing', async () => {
    const id = await world.document()
    const proxy = await startProxy(world.databaseUrl)
    const storage = new Storage({
      ...{ url: proxy.url, poolSize: 2, log: createLogger('silent') },
      createPool: (options) => {
        const pool = createPool(options)
        Object.assign(pool.options, { query_timeout: timeoutMs })
        return pool
      },
    })
    await storage.append([{ documentId: id, data: new Uint8Array([0, 0]), userId: null, origin: 'client' }])
    let silentSince = 0
    const checkpoint = storage.checkpoint(id, async () => {
      proxy.silence()
      silentSince = performance.now()
      return { state: new Uint8Array([0, 0]), owners: {}, projection: null }
    })
    expect(await checkpoint.catch((error: Error) => error.message)).to.equal('Query read timeout')
    expect(performance.now() - silentSince).to.be.below(2 * timeoutMs)
    expect(
      await storage.checkpoint(id, async () => ({ state: new Uint8Array([0, 0]), owners: {}, projection: null })),
    ).to.include({ epoch: 1 })
    await storage.close()
    await proxy.stop()
  })
})
