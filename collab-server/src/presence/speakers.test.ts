import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import * as Y from 'yjs'
import { type Client, type Person, startWorld, type TestServer, until, type World } from '../testing.ts'

describe('presence of somebody who comes to another server', () => {
  let world: World
  let redis: RedisServer
  let first: TestServer
  let second: TestServer
  let ada: Person
  let ben: Person
  before(async function () {
    requireRedis(this)
    redis = await startRedis()
    world = await startWorld()
    ada = await world.person('Ada')
    ben = await world.person('Ben')
  })
  beforeEach(async () => {
    first = await world.server({ redis: redis.config })
    second = await world.server({ redis: redis.config })
  })
  after(async () => {
    await world?.stop()
    await redis?.stop()
  })

  /** A client, or once more the client that has `clientId`: as after a change of network, its old socket is open still. */
  const join = async (server: TestServer, id: string, person: Person, clientId?: number): Promise<Client> => {
    const doc = new Y.Doc()
    if (clientId !== undefined) doc.clientID = clientId
    const client = world.connect(server, id, person.token, doc)
    await client.synced()
    return client
  }
  const at = (viewer: Client, clientId: number): unknown => viewer.provider.awareness?.getStates().get(clientId)?.['at']
  const allSee = (viewers: Client[], clientId: number, value: unknown): Promise<void> =>
    until(() => viewers.every((viewer) => at(viewer, clientId) === value))

  async function move(): Promise<{ viewers: Client[]; old: Client; renewed: Client; clientId: number }> {
    const id = await world.document()
    const viewers = [await join(first, id, ben), await join(second, id, ben)]
    const old = await join(first, id, ada)
    const clientId = old.document.clientID
    old.provider.setAwarenessField('at', 'old')
    await allSee(viewers, clientId, 'old')
    const renewed = await join(second, id, ada, clientId)
    for (const value of ['new', 'newer']) renewed.provider.setAwarenessField('at', value)
    await allSee(viewers, clientId, 'newer')
    return { viewers, old, renewed, clientId }
  }

  it('stays when the old connection ends, and goes with the new one within 1 s', async () => {
    const { viewers, old, renewed, clientId } = await move()
    let isGone = false
    for (const { provider } of viewers) {
      provider.awareness?.on('update', ({ removed }: { removed: number[] }) => {
        isGone ||= removed.includes(clientId)
      })
    }
    old.close()
    // The old server has noticed.
    await until(async () => (await first.metrics.sockets.get()).values.every(({ value }) => value === 1))
    for (const value of ['later', 'latest']) renewed.provider.setAwarenessField('at', value)
    await allSee(viewers, clientId, 'latest')
    expect(isGone).to.equal(false)
    const closed = performance.now()
    renewed.close()
    await allSee(viewers, clientId, undefined)
    expect(performance.now() - closed).to.be.below(1_000)
  })

  it('stays when the old server stops', async () => {
    const { viewers, renewed, clientId } = await move()
    const [, viewer] = viewers as [Client, Client]
    await first.stop()
    // So much is heard only when it is over.
    await join(second, renewed.provider.configuration.name, ben)
    await allSee([viewer], clientId, 'newer')
    renewed.provider.setAwarenessField('at', 'still here')
    await allSee([viewer], clientId, 'still here')
  })

  it("is not taken by somebody else who uses that person's Yjs client there", async () => {
    const id = await world.document()
    const viewers = [await join(first, id, ben), await join(second, id, ben)]
    const victim = await join(first, id, ada)
    const { clientID } = victim.document
    victim.provider.setAwarenessField('at', 1)
    await allSee(viewers, clientID, 1)
    const thief = await join(second, id, ben, clientID)
    for (let i = 0; i < 20; i++) thief.provider.setAwarenessField('at', 'stolen')
    const witness = await join(second, id, ben)
    witness.provider.setAwarenessField('at', 'seen')
    await allSee(viewers, witness.document.clientID, 'seen')
    victim.provider.setAwarenessField('at', 2)
    await allSee(viewers, clientID, 2)
  })
})
