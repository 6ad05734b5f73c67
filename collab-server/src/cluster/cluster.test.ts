import { expect } from 'chai'
import { Redis } from 'ioredis'
import * as Y from 'yjs'
import { type Client, openSocket, type TestServer, until } from '../testing.ts'
import { encodePeerMessages } from './peer-messages.ts'
import { projectingServer } from './projecting-server.ts'
import { twoServers } from './testing.ts'

/** Whom a client sees besides itself. */
const others = ({ provider, document }: Client): string =>
  [...(provider.awareness?.getStates() ?? [])]
    .filter(([clientId]) => clientId !== document.clientID)
    .map(([, { user }]) => user?.name)
    .join()

/** Equal in what counts: text, state vector and delete set. */
const areEqual = (a: Client, b: Client): boolean =>
  a.words() === b.words() && Y.equalSnapshots(Y.snapshot(a.document), Y.snapshot(b.document))

describe('several servers', () => {
  const two = twoServers()

  /** Two clients of one document, each on a server of its own. */
  async function pair(): Promise<[Client, Client, string]> {
    const document = await two.world.document()
    const a = two.world.connect(two.first, document, two.token)
    const b = two.world.connect(two.second, document, two.token)
    await Promise.all([a.synced(), b.synced()])
    return [a, b, document]
  }

  const meet = async (a: Client, b: Client): Promise<number> => {
    const started = performance.now()
    await until(() => areEqual(a, b))
    return performance.now() - started
  }

  it('bring edits to each other, and acknowledge them', async () => {
    const [a, b] = await pair()
    a.type('from the first')
    b.type('from the second')
    await Promise.all([a.synced(), b.synced()])
    await until(() => a.words().includes('second') && b.words().includes('first'))
    await meet(a, b)
  })

  it('show who is where, to those who come later too, and who has left', async () => {
    const document = await two.world.document()
    const grace = await two.world.person('Grace')
    const a = two.world.connect(two.first, document, two.token)
    await a.synced()
    a.provider.setAwarenessField('cursor', { anchor: 1 })
    const b = two.world.connect(two.second, document, grace.token)
    b.provider.setAwarenessField('cursor', { anchor: 2 })
    await until(() => others(a) === 'Grace' && others(b) === 'Ada')
    const left = performance.now()
    b.close()
    await until(() => others(a) === '')
    expect(performance.now() - left).to.be.below(1_000)
  })

  it('carry stateless messages to each other', async () => {
    const [a, b, document] = await pair()
    const heard: string[] = []
    b.provider.on('stateless', ({ payload }: { payload: string }) => heard.push(payload))
    a.provider.on('stateless', ({ payload }: { payload: string }) => heard.push(payload))
    two.first.collab.hocuspocus.documents.get(document)?.broadcastStateless('to all')
    await until(() => heard.length === 2)
    expect(heard).to.deep.equal(['to all', 'to all'])
  })

  it('converge within a second while Redis is away, and go on when it is back', async () => {
    const [a, b] = await pair()
    await two.redis.kill()
    a.type('while it is away')
    await a.synced()
    expect(await meet(a, b)).to.be.below(1_000)
    b.type('and the other way')
    await b.synced()
    expect(await meet(a, b)).to.be.below(1_000)
    await two.redis.restart()
    await until(() => two.first.collab.isConnected)
    await until(() => two.second.collab.isConnected)
    a.type('back')
    await a.synced()
    await meet(a, b)
  })

  it('know who has left while Redis was away', async () => {
    const grace = await two.world.person('Grace')
    const [emptied, shared] = await Promise.all([two.world.document(), two.world.document()])
    const come = (server: TestServer, document: string, as: string): Client => {
      const client = two.world.connect(server, document, as)
      client.provider.setAwarenessField('cursor', { anchor: 1 })
      return client
    }
    const staying = [come(two.first, emptied, two.token), come(two.first, shared, two.token)]
    const leaving = [come(two.second, emptied, grace.token), come(two.second, shared, grace.token)]
    come(two.second, shared, (await two.world.person('Ben')).token)
    const [a, b] = staying as [Client, Client]
    const seen = (): string => [others(a), others(b).split(',').sort()].join()
    await until(() => seen() === 'Grace,Ben,Grace')
    await two.redis.kill()
    for (const client of leaving) client.close()
    // The one document is no longer on the second server, the other is.
    await until(() => !two.second.collab.hocuspocus.documents.has(emptied))
    await two.redis.restart()
    const restarted = performance.now()
    await until(() => seen() === ',Ben')
    expect(performance.now() - restarted).to.be.below(6_000)
  })

  it('find rows that a checkpoint folded before they had heard of them', async () => {
    const [a, b, document] = await pair()
    await two.redis.kill()
    a.type('soon folded')
    await a.synced()
    // The only one on the first server leaves: its rows go into the checkpoint.
    a.close()
    await until(async () => (await two.world.row(document)).epoch > 0)
    await until(() => b.words().includes('soon folded'))
    await two.redis.restart()
    await until(() => two.second.collab.isConnected)
  })

  it('find rows whose transaction ids a crashed database has given out before', async () => {
    const [a, b, document] = await pair()
    const lost = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('after the crash')])
    lost.getXmlFragment('default').push([paragraph])
    await two.world.owner.query(
      `insert into document_updates (document_id, data, origin, txid) values ($1, $2, 'client', '3')`,
      [document, Y.encodeStateAsUpdate(lost)],
    )
    // What else of a crash a server sees: its connections break.
    await two.world.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    await until(() => a.words().includes('after the crash') && b.words().includes('after the crash'))
    // Whoever wrote it has not said so, and may not know it.
    await until(async () => (await two.world.row(document)).content.includes('after the crash'))
  })

  it('take edits that build on what only another server has', async () => {
    const [a, b, document] = await pair()
    const grace = await two.world.person('Grace')
    await two.redis.kill()
    a.type('hers')
    await a.synced()
    // Grace has Ada's edit from the first server, and goes to the second, which may not have it yet.
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(a.document))
    const moved = two.world.connect(two.second, document, grace.token, copy)
    moved.type('on top')
    await moved.synced()
    await until(() => areEqual(a, b) && areEqual(moved, b))
    expect(moved.closes).to.deep.equal([])
    await two.redis.restart()
    await until(() => two.second.collab.isConnected)
  })

  it('are not harmed by what somebody else publishes on their channels', async () => {
    const [a, b, document] = await pair()
    const stranger = new Redis(two.redis.config.url)
    const { prefix } = two.redis.config
    const inboxes = (await stranger.pubsub('CHANNELS', `${prefix}server:*`)) as string[]
    expect(inboxes).to.have.length(2)
    for (const channel of [...inboxes, `${prefix}document:${document}`, `${prefix}servers`, `${prefix}bus:events`]) {
      for (const message of ['', 'x', '{}', '\u0000\u0001\u0002', 'a'.repeat(100_000)])
        await stranger.publish(channel, message)
      await stranger.publish(channel, Buffer.from([1, 97, 255, 255, 255, 255, 15, 0]))
      await stranger.publish(channel, Buffer.from([1, 97, 1, 0, 1, 0, 0, 4, 1, 1, 255, 255]))
    }
    await stranger.quit()
    a.type('still here')
    await a.synced()
    await meet(a, b)
  })

  it('project what the server does not whose turn it is', async () => {
    const [a, , document] = await pair()
    const stranger = new Redis(two.redis.config.url)
    const { prefix } = two.redis.config
    const inboxes = (await stranger.pubsub('CHANNELS', `${prefix}server:*`)) as string[]
    const others = inboxes.map((inbox) => inbox.slice(`${prefix}server:`.length))
    let mute = 'mute'
    while (projectingServer(document, mute, others) !== mute) mute += '.'
    const holding = Buffer.from(encodePeerMessages(mute, [{ type: 'holding' }]))
    await stranger.publish(`${prefix}document:${document}`, holding)
    const typed = performance.now()
    a.type('projected')
    await until(async () => (await two.world.row(document)).content.includes('projected'))
    // Long before the other one counts as gone.
    expect(performance.now() - typed).to.be.below(3_000)
    await stranger.quit()
  })

  it('close the documents of a server that stops, which lets its people go', async () => {
    const document = await two.world.document()
    const third = await two.world.server({ redis: two.redis.config })
    const grace = await two.world.person('Grace')
    const a = two.world.connect(two.first, document, two.token)
    a.provider.setAwarenessField('cursor', { anchor: 1 })
    const c = two.world.connect(third, document, grace.token)
    c.provider.setAwarenessField('cursor', { anchor: 1 })
    await until(() => others(a) === 'Grace')
    await third.stop()
    await until(() => others(a) === '')
    expect(c.closes).to.include(1012)
    const { isOpen } = await openSocket(third.url)
    expect(isOpen).to.equal(false)
  })
})
