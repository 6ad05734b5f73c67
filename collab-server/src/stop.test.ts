import { createHash } from 'node:crypto'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { expect } from 'chai'
import { startWorld, until, type World } from './testing.ts'

describe('a server that stops', () => {
  let world: World
  before(async () => {
    world = await startWorld()
  })
  after(() => world.stop())

  /** Holds up every commit to the log until `work` has ended. */
  async function withHeldCommits(work: () => Promise<unknown>): Promise<void> {
    const client = await world.owner.connect()
    await client.query('begin')
    await client.query('lock table document_updates in exclusive mode')
    await work().finally(() => client.query('commit'))
    client.release()
  }

  it('stores what has arrived, says that it restarts, and takes nobody new', async () => {
    const server = await world.server()
    const document = await world.document()
    const client = world.connect(server, document, (await world.person('Ada')).token)
    await client.synced()
    for (let i = 0; i < 100; i++) client.type(`edit ${i}`)
    await until(() => client.provider.unsyncedChanges < 100)
    await server.stop()
    expect(client.closes[0]).to.equal(1012)
    // Acknowledgements come in order; what has not arrived by then stays with its sender.
    const acknowledged = 100 - client.provider.unsyncedChanges
    expect(acknowledged).to.be.above(0)
    expect(await server.collab.ready().catch((error: Error) => error.message)).to.match(/stopping/)
    const stored = (await world.row(document)).content.split('\n').filter((line: string) => line.startsWith('edit'))
    expect(stored.length).to.be.at.least(acknowledged)
  })

  it('acknowledges what it stores at last before it closes the socket', async () => {
    const server = await world.server()
    const client = world.connect(server, await world.document(), (await world.person('Ada')).token)
    await client.synced()
    const unsyncedAtTheEnd = new Promise<number>((resolve) => {
      client.websocket.on('close', () => resolve(client.provider.unsyncedChanges))
    })
    let stopped: Promise<void> | undefined
    await withHeldCommits(async () => {
      for (let i = 0; i < 100; i++) client.type(`edit ${i}`)
      await until(() => server.collab.unstored === 100)
      stopped = server.stop()
    })
    expect(await unsyncedAtTheEnd).to.equal(0)
    expect(client.closes[0]).to.equal(1012)
    await stopped
  })

  it('shuts out who is removed while it waits for its last commits', async () => {
    const server = await world.server()
    const ada = await world.person('Ada')
    const client = world.connect(server, await world.document(), ada.token)
    await client.synced()
    let stopped: Promise<void> | undefined
    await withHeldCommits(async () => {
      client.type('before')
      await until(() => server.collab.unstored === 1)
      stopped = server.stop()
      await world.owner.query('delete from workspace_members where user_id = $1', [ada.id])
      await server.bus.publish('access.changed', { workspace_id: world.workspaceId, user_id: ada.id })
      await client.closed()
      expect(client.closes[0]).to.equal(4403)
    })
    await stopped
  })

  it('finishes the writes of the API that it has begun', async () => {
    const server = await world.server()
    const document = await world.document('Old.')
    const ada = await world.person('Ada')
    let reply: Promise<unknown> | undefined
    let stopped: Promise<void> | undefined
    await withHeldCommits(async () => {
      reply = server.bus.request('document.write-markdown', {
        ...{ document_id: document, user_id: ada.id, content: 'New.' },
        base_hash: createHash('sha256').update('Old.').digest('hex'),
      })
      await until(() => server.collab.hocuspocus.loadingDocuments.has(document))
      stopped = server.stop()
    })
    expect(await reply).to.deep.equal({ outcome: 'written' })
    await stopped
    expect((await world.row(document)).content).to.equal('New.')
  })

  for (const how of ['cut', 'hold'] as const) {
    it(`ends within ten seconds without its database (${how}), and says how many edits are not stored`, async () => {
      const proxy = await startProxy(world.databaseUrl)
      const server = await world.server({ databaseUrl: proxy.url })
      const document = await world.document()
      const client = world.connect(server, document, (await world.person('Ada')).token)
      await client.synced()
      proxy[how]()
      client.type('never stored')
      client.type('nor this')
      await until(() => server.collab.unstored === 2)
      const started = performance.now()
      const error = await server.stop().then(
        () => expect.fail('said that all is well'),
        (reason: Error) => reason,
      )
      expect(error.message).to.include('2 edits could not be stored')
      expect(performance.now() - started).to.be.below(10_000)
      expect(client.provider.unsyncedChanges).to.equal(2)
      await proxy.stop()
    })
  }
})
