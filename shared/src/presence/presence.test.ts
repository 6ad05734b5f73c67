import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { newId } from '../ids.ts'
import { createLogger } from '../log.ts'
import { until } from '../testing.ts'
import { type RedisServer, requireRedis, startRedis, startRedisCluster } from '../testing-redis.ts'
import { MemoryPresence } from './memory.ts'
import type { PresenceStore, PresentConnection } from './presence.ts'
import { RedisPresence } from './redis.ts'

const log = createLogger('silent')
const ada = { id: newId(), name: 'Ada', avatar_url: null, color: '#111111' }
const grace = { id: newId(), name: 'Grace', avatar_url: null, color: '#222222' }
const names = async (store: PresenceStore, documentId: string): Promise<string> =>
  (await store.list(documentId)).map(({ user }) => user.name).join()

/** What both stores promise; `first` and `second` are two servers, or one and the same. */
function contract(stores: () => { first: PresenceStore; second: PresenceStore; later: (ms: number) => void }): void {
  let at = 0
  const present = (documentId: string, user: PresentConnection['user']): PresentConnection => ({
    ...{ documentId, user, connectionId: newId(), since: new Date(1_000 * at++) },
  })

  it('lists the people of a document, and of no other, the first one first', async () => {
    const { first, second } = stores()
    const document = newId()
    const [a, g] = [present(document, ada), present(document, grace)]
    second.join(g)
    first.join(a)
    first.join(present(newId(), grace))
    for (const store of [first, second]) await until(async () => (await names(store, document)) === 'Ada,Grace')
    expect((await first.list(document))[0]).to.deep.equal({
      ...{ user: ada, since: a.since.toISOString(), connections: 1, typing: false, cursor: null },
    })
  })

  it('keeps a person until the last tab is closed', async () => {
    const { first, second } = stores()
    const document = newId()
    const tabs = [present(document, ada), present(document, ada)] as const
    first.join(tabs[0])
    second.join(tabs[1])
    await until(async () => (await first.list(document))[0]?.connections === 2)
    first.leave(document, tabs[0].connectionId)
    await until(async () => (await second.list(document))[0]?.connections === 1)
    second.leave(document, tabs[1].connectionId)
    await until(async () => (await names(first, document)) === '' && (await names(second, document)) === '')
  })

  it('forgets what was said of typing after 10 s, and of the cursor after 30 s', async () => {
    const { first, later } = stores()
    const document = newId()
    const tab = present(document, ada)
    first.join(tab)
    first.update(document, tab.connectionId, { cursor: { anchor: 7 }, typing: true })
    const read = async () => (await first.list(document))[0]
    expect(await read()).to.deep.include({ typing: true, cursor: { anchor: 7 } })
    later(11_000)
    expect(await read()).to.deep.include({ typing: false, cursor: { anchor: 7 } })
    later(20_000)
    expect(await read()).to.deep.include({ typing: false, cursor: null })
  })

  it('tells the cursor that a person moved last, in whichever tab, and that any of them types', async () => {
    const { first, second, later } = stores()
    const document = newId()
    const tabs = [present(document, ada), present(document, ada)] as const
    first.join(tabs[0])
    second.join(tabs[1])
    first.update(document, tabs[0].connectionId, { cursor: 'older', typing: true })
    later(1)
    second.update(document, tabs[1].connectionId, { cursor: 'newer', typing: false })
    for (const store of [first, second]) {
      await until(async () => {
        const [person] = await store.list(document)
        return person?.cursor === 'newer' && person.typing
      })
    }
    second.update(document, tabs[1].connectionId, { cursor: null, typing: false })
    for (const store of [first, second]) await until(async () => (await store.list(document))[0]?.cursor === 'older')
  })

  it('takes no notice of those who have not joined, or have left', async () => {
    const { first } = stores()
    const document = newId()
    const tab = present(document, ada)
    first.update(document, tab.connectionId, { cursor: 1, typing: true })
    first.leave(document, tab.connectionId)
    first.join(tab)
    first.leave(document, tab.connectionId)
    first.update(document, tab.connectionId, { cursor: 1, typing: true })
    expect(await first.list(document)).to.deep.equal([])
  })
}

describe('presence in memory', () => {
  let now = Date.now()
  const later = (ms: number): void => {
    now += ms
  }
  const store = new MemoryPresence({ now: () => now })
  contract(() => ({ first: store, second: store, later }))

  it('forgets nothing where the clock on the wall is set', async () => {
    const clock = Date.now
    let aheadMs = 0
    Date.now = () => clock() + aheadMs
    try {
      const presence = new MemoryPresence()
      const tab = { documentId: newId(), user: ada, connectionId: newId(), since: new Date() }
      presence.join(tab)
      presence.update(tab.documentId, tab.connectionId, { cursor: { anchor: 7 }, typing: true })
      aheadMs = 3_600_000
      expect((await presence.list(tab.documentId))[0]).to.deep.include({ typing: true, cursor: { anchor: 7 } })
    } finally {
      Date.now = clock
    }
  })
})

describe('presence in Redis', () => {
  let redis: RedisServer
  let stranger: Redis
  let first: RedisPresence
  let second: RedisPresence
  let now = Date.now()
  const later = (ms: number): void => {
    now += ms
  }
  const stored = (config = redis.config): RedisPresence => new RedisPresence(config, log, { now: () => now })
  const connection = (documentId: string, user = ada): PresentConnection => ({
    ...{ documentId, connectionId: newId(), user, since: new Date() },
  })
  /** By the names that `store` lists. */
  const seen = (store: PresenceStore, documentId: string, expected: string): Promise<void> =>
    until(async () => (await names(store, documentId)) === expected)
  /** Milliseconds. */
  const timed = async (work: Promise<unknown>): Promise<number> => {
    const started = performance.now()
    await work
    return performance.now() - started
  }

  before(async function () {
    requireRedis(this)
    redis = await startRedis()
    stranger = new Redis(redis.config.url)
    stranger.on('error', () => {})
    first = stored()
    second = stored()
  })
  after(async () => {
    stranger?.disconnect()
    await Promise.all([first?.close(), second?.close()])
    await redis?.stop()
  })

  contract(() => ({ first, second, later }))

  describe('of a server that is cut off', () => {
    let server: ChildProcess
    afterEach(() => server.kill('SIGKILL'))

    it('goes within 5 s, comes back with it, and goes within 5 s when it is killed', async () => {
      const document = newId()
      const args = [redis.config, connection(document, grace)].map((value) => JSON.stringify(value))
      const script = fileURLToPath(new URL('./testing-server.ts', import.meta.url))
      server = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'inherit', 'inherit'] })
      first.join(connection(document))
      await until(async () => (await first.list(document)).length === 2)
      server.kill('SIGSTOP')
      expect(await timed(seen(first, document, 'Ada'))).to.be.below(5_000)
      server.kill('SIGCONT')
      expect(await timed(until(async () => (await first.list(document)).length === 2))).to.be.below(5_000)
      server.kill('SIGKILL')
      expect(await timed(seen(first, document, 'Ada'))).to.be.below(5_000)
      // The dead one's entry is gone from Redis, too.
      const key = `${redis.config.prefix}presence:${document}`
      await until(async () => (await stranger.hlen(key)) === 1)
      expect(await stranger.pttl(key)).to.be.within(1, 60_000)
    })
  })

  it('takes its own people out when it is closed', async () => {
    const document = newId()
    const third = stored()
    third.join(connection(document, grace))
    await seen(first, document, 'Grace')
    await third.close()
    expect(await names(first, document)).to.equal('')
  })

  it('shows within a second who came and who left', async () => {
    const document = newId()
    const tab = connection(document)
    first.join(tab)
    expect(await timed(seen(second, document, 'Ada'))).to.be.below(1_000)
    first.leave(document, tab.connectionId)
    expect(await timed(seen(second, document, ''))).to.be.below(1_000)
  })

  it('writes the moves of a thousand cursors at most every 3 s', async () => {
    const document = newId()
    const tabs = Array.from({ length: 1_000 }, () => connection(document, { ...ada, id: newId() }))
    for (const tab of tabs) first.join(tab)
    await until(async () => (await second.list(document)).length === 1_000)
    const commands = async (): Promise<number> =>
      Number(/cmdstat_hset:calls=(\d+)/.exec(await stranger.info('commandstats'))?.[1])
    const before = await commands()
    for (let move = 0; move < 30; move++) {
      for (const { connectionId } of tabs) first.update(document, connectionId, { cursor: move, typing: true })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(async () => (await second.list(document)).every(({ cursor }) => cursor === 29))
    expect((await commands()) - before).to.be.at.most(2)
  })

  it('knows its own people while Redis is away, and everybody when it is back, though empty', async () => {
    const document = newId()
    const gone = connection(document, { ...grace, id: newId(), name: 'Gone' })
    first.join(connection(document, ada))
    second.join(gone)
    await until(async () => (await first.list(document)).length === 2)
    await redis.kill()
    await seen(first, document, 'Ada')
    await seen(second, document, 'Gone')
    second.leave(document, gone.connectionId)
    second.join(connection(document, grace))
    await seen(second, document, 'Grace')
    await redis.restart()
    for (const store of [first, second]) await seen(store, document, 'Ada,Grace')
  })

  it('keeps nobody who left while the connection was lost, though Redis forgot nothing', async () => {
    const [document, other] = [newId(), newId()]
    const gone = connection(document, grace)
    const areTogether = async (together: boolean): Promise<boolean> => {
      const lists = await Promise.all([first.list(other), second.list(other)])
      return lists.every(({ length }) => length === (together ? 2 : 1))
    }
    first.join(connection(other, ada))
    second.join(connection(other, grace))
    second.join(gone)
    await seen(first, document, 'Grace')
    await until(() => areTogether(true))
    redis.freeze()
    await until(() => areTogether(false))
    second.leave(document, gone.connectionId)
    redis.thaw()
    await until(() => areTogether(true))
    await seen(first, document, '')
  })

  it('leaves out what it cannot read', async () => {
    const document = newId()
    const key = `${redis.config.prefix}presence:${document}`
    first.join(connection(document))
    await seen(second, document, 'Ada')
    const name = (await stranger.hkeys(key))[0]?.split(':')[0]
    for (const value of ['', 'x', 'null', '{}', '[]', '{"user":{}}', '['.repeat(10_000)]) {
      await stranger.hset(key, `${name}:${newId()}`, value)
    }
    await stranger.hset(key, 'no-server', '{}', '', '', ':', '')
    expect(await names(second, document)).to.equal('Ada')
    await stranger.set(`${redis.config.prefix}presence:${newId()}`, 'no hash')
    await stranger.del(key)
    await stranger.set(key, 'no hash')
    expect(await names(second, document)).to.equal('')
    expect(await names(first, document)).to.equal('Ada')
  })

  describe('of a Redis Cluster', () => {
    let cluster: Awaited<ReturnType<typeof startRedisCluster>>
    let stores: [RedisPresence, RedisPresence]
    before(async () => {
      cluster = await startRedisCluster()
      stores = [stored(cluster.config), stored(cluster.config)]
    })
    after(async () => {
      await Promise.all(stores.map((store) => store.close()))
      await cluster.stop()
    })
    contract(() => ({ first: stores[0], second: stores[1], later }))
  })
})
