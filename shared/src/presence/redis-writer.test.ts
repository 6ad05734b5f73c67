import { mock } from 'node:test'
import { expect } from 'chai'
import { newId } from '../ids.ts'
import { createLogger } from '../log.ts'
import type { RedisClient } from '../redis.ts'
import { LocalConnections } from './local.ts'
import type { PresenceKeys } from './redis-keys.ts'
import { PresenceWriter } from './redis-writer.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('presence that takes long to write', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval', 'setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('does not make others take its server for dead', async () => {
    const connections = new LocalConnections()
    const user = { id: newId(), name: 'Ada', avatar_url: null, color: '#000000' }
    connections.join({ documentId: newId(), connectionId: newId(), user, since: new Date() })
    const client = { status: 'ready', on: () => {}, off: () => {}, ping: async () => 'PONG' }
    let renewed = 0
    let isWriting = false
    const keys = {
      takeLease: async () => {},
      dropLease: async () => {},
      renewLease: async () => {
        renewed++
        return true
      },
      write: () => {
        isWriting = true
        return new Promise(() => {})
      },
    }
    const writer = new PresenceWriter(
      client as unknown as RedisClient,
      keys as unknown as PresenceKeys,
      connections,
      createLogger('silent'),
    )
    while (!isWriting) await turn()
    // Its lease holds 3 s.
    for (let second = 1; second <= 3; second++) {
      mock.timers.tick(1_000)
      await turn()
      expect(renewed).to.equal(second)
    }
    await writer.close()
  })
})
