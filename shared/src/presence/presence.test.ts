import { expect } from 'chai'
import { newId } from '../ids.ts'
import { createLogger } from '../log.ts'
import { until } from '../testing.ts'
import { type RedisServer, requireRedis, startRedis } from '../testing-redis.ts'
import { MemoryPresence } from './memory.ts'
import type { PresenceStore, Present } from './presence.ts'
import { RedisPresence } from './redis.ts'

const log = createLogger('silent')
const ada = { id: newId(), name: 'Ada', avatar_url: null, color: '#111111' }
const grace = { id: newId(), name: 'Grace', avatar_url: null, color: '#222222' }
const names = async (store: PresenceStore, documentId: string): Promise<string> =>
  (await store.list(documentId)).map(({ user }) => user.name).join()

/** What both stores promise; `first` and `second` are two servers, or one and the same. */
function contract(stores: () => { first: PresenceStore; second: PresenceStore; later: (ms: number) => void }): void {
  let at = 0
  const present = (documentId: string, user: Present['user']): Present => ({
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
}

describe('presence in memory', () => {
  let now = Date.now()
  const later = (ms: number): void => {
    now += ms
  }
  const store = new MemoryPresence({ now: () => now })
  contract(() => ({ first: store, second: store, later }))
})

describe('presence in Redis', () => {
  let redis: RedisServer
  let first: RedisPresence
  let second: RedisPresence
  let now = Date.now()
  const later = (ms: number): void => {
    now += ms
  }
  const stored = (): RedisPresence => new RedisPresence(redis.config, log, { now: () => now })

  before(async function () {
    requireRedis(this)
    redis = await startRedis()
    first = stored()
    second = stored()
  })
  after(async () => {
    await Promise.all([first?.close(), second?.close()])
    await redis?.stop()
  })

  contract(() => ({ first, second, later }))

  it('tells other servers of cursors', async () => {
    const document = newId()
    const tab = { documentId: document, connectionId: newId(), user: ada, since: new Date() }
    first.join(tab)
    first.update(document, tab.connectionId, { cursor: 3, typing: true })
    await until(async () => (await second.list(document))[0]?.cursor === 3)
    expect((await second.list(document))[0]?.typing).to.equal(true)
  })

  it('lets the people of a server go within 5 s when it dies', async () => {
    const document = newId()
    const third = stored()
    third.join({ documentId: document, connectionId: newId(), user: grace, since: new Date() })
    await until(async () => (await names(first, document)) === 'Grace')
    third.abandon()
    const died = performance.now()
    await until(async () => (await names(first, document)) === '')
    expect(performance.now() - died).to.be.below(5_000)
  })

  it('takes its own people out when it is closed', async () => {
    const document = newId()
    const third = stored()
    third.join({ documentId: document, connectionId: newId(), user: grace, since: new Date() })
    await until(async () => (await names(first, document)) === 'Grace')
    await third.close()
    expect(await names(first, document)).to.equal('')
  })

  it('knows its own people while Redis is away, and everybody when it is back, though empty', async () => {
    const document = newId()
    first.join({ documentId: document, connectionId: newId(), user: ada, since: new Date(1) })
    second.join({ documentId: document, connectionId: newId(), user: grace, since: new Date(2) })
    await until(async () => (await names(first, document)) === 'Ada,Grace')
    await redis.kill()
    await until(async () => (await names(first, document)) === 'Ada')
    expect(await names(second, document)).to.equal('Grace')
    await redis.restart()
    await until(async () => (await names(first, document)) === 'Ada,Grace')
  })
})
