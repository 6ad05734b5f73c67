import { startProxy } from '@mdcreator/db/testing-proxy'
import { expect } from 'chai'
import { startWorld, until, type World } from './testing.ts'

describe('while the database is away', () => {
  let world: World
  let token: string
  before(async () => {
    world = await startWorld()
    token = (await world.person('Ada')).token
  })
  after(() => world.stop())

  it('acknowledges nothing, shows nobody what is not stored, and loses nothing', async () => {
    const document = await world.document()
    const proxy = await startProxy(world.databaseUrl)
    const server = await world.server({ databaseUrl: proxy.url })
    const ada = world.connect(server, document, token)
    const ben = world.connect(server, document, token)
    await Promise.all([ada.synced(), ben.synced()])
    proxy.cut()
    ada.type('while away')
    // A round trip through the server that needs no database: what Ada typed has arrived by then.
    ada.provider.setAwarenessField('typing', true)
    await until(
      () =>
        ben.provider.awareness?.getStates().get(ada.document.clientID) !== undefined || ada.provider.hasUnsyncedChanges,
    )
    expect(ada.provider.hasUnsyncedChanges).to.equal(true)
    expect(ben.words()).to.equal('')
    proxy.restore()
    await until(() => !ada.provider.hasUnsyncedChanges && ben.words() === 'while away')
    expect(ada.closes).to.deep.equal([])
    await server.stop()
    await proxy.stop()
  })

  it('opens a document once the database is back', async () => {
    const document = await world.document('# Here')
    const proxy = await startProxy(world.databaseUrl)
    const server = await world.server({ databaseUrl: proxy.url })
    proxy.cut()
    const client = world.connect(server, document, token)
    await client.closed()
    expect(client.closes[0]).to.equal(1013)
    proxy.restore()
    await until(() => client.words() === 'Here')
    client.close()
    await server.stop()
    await proxy.stop()
  })
})
