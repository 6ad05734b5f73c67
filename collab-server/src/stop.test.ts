import { startProxy } from '@mdcreator/db/testing-proxy'
import { expect } from 'chai'
import { startWorld, until, type World } from './testing.ts'

describe('a server that stops', () => {
  let world: World
  before(async () => {
    world = await startWorld()
  })
  after(() => world.stop())

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
