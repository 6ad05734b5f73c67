import { expect } from 'chai'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { connectYWebsocket, type YWebsocketClient } from '../socket/testing-y-websocket.ts'
import { type Client, type Person, startWorld, type TestServer, until, type World } from '../testing.ts'

type Presence = {
  clientId: number
  awareness: Awareness
  close(): void
  drop(): void
  /** How many sockets it has lost. */
  lost(): number
  synced(): Promise<void>
}

describe('presence', () => {
  let world: World
  let server: TestServer
  let ada: Person
  let ben: Person
  let document: string
  const open: { close(): void }[] = []
  before(async () => {
    world = await startWorld()
    server = await world.server()
    ada = await world.person('Ada')
    ben = await world.person('Ben')
  })
  beforeEach(async () => {
    document = await world.document()
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.close()
  })
  after(() => world.stop())

  const hocuspocus = (person: Person, doc = new Y.Doc()): Presence => {
    const client: Client = world.connect(server, document, person.token, doc)
    open.push(client)
    return {
      clientId: client.document.clientID,
      awareness: client.provider.awareness as Awareness,
      synced: client.synced,
      close: client.close,
      drop: () => client.websocket.webSocket?.close(),
      lost: () => client.closes.length,
    }
  }
  const yWebsocket = (person: Person, doc = new Y.Doc()): Presence => {
    const client: YWebsocketClient = connectYWebsocket(server, document, person.token, { document: doc })
    open.push(client)
    return {
      clientId: client.document.clientID,
      awareness: client.provider.awareness,
      synced: client.synced,
      close: client.close,
      drop: () => client.provider.ws?.close(),
      lost: () => client.closes.length,
    }
  }
  const protocols: [string, typeof hocuspocus][] = [
    ['HocuspocusProvider', hocuspocus],
    ["y-websocket's provider", yWebsocket],
  ]
  const stateOf = (viewer: Presence, { clientId }: Presence): Record<string, unknown> | undefined =>
    viewer.awareness.getStates().get(clientId)
  const sees = (viewer: Presence, other: Presence, at: unknown): Promise<void> =>
    until(() => stateOf(viewer, other)?.['at'] === at)
  const within = async (ms: number, work: () => Promise<void>): Promise<void> => {
    const start = performance.now()
    await work()
    expect(performance.now() - start).to.be.below(ms)
  }
  const leaves = (viewer: Presence, other: Presence): Promise<void> =>
    within(1_000, () => {
      other.close()
      return until(() => !stateOf(viewer, other))
    })

  for (const [name, connect] of protocols) {
    for (const [otherName, connectOther] of protocols) {
      it(`goes from ${name} to ${otherName}, under the name of the account`, async () => {
        const here = connect(ada)
        const there = connectOther(ben)
        await Promise.all([here.synced(), there.synced()])
        here.awareness.setLocalState({ at: 1, user: { name: 'Ben', id: ben.id } })
        await sees(there, here, 1)
        expect(stateOf(there, here)?.['user']).to.include({ id: ada.id, name: 'Ada' })
        here.awareness.setLocalStateField('at', 2)
        await sees(there, here, 2)
        await until(() => (stateOf(here, there)?.['user'] as { name: string } | undefined)?.name === 'Ben')
      })
    }

    it(`shows two tabs of one person (${name}), and only the closed one goes, within 1 s`, async () => {
      const viewer = hocuspocus(ben)
      const tabs = [connect(ada), connect(ada)] as const
      for (const [index, tab] of tabs.entries()) tab.awareness.setLocalStateField('at', `tab ${index}`)
      for (const [index, tab] of tabs.entries()) await sees(viewer, tab, `tab ${index}`)
      await leaves(viewer, tabs[0])
      expect(stateOf(viewer, tabs[1])).to.include({ at: 'tab 1' })
      tabs[1].awareness.setLocalStateField('at', 'still here')
      await sees(viewer, tabs[1], 'still here')
      await leaves(viewer, tabs[1])
    })

    it(`comes back at once with a client that lost its socket (${name}), though its clock is the same`, async () => {
      const viewer = hocuspocus(ben)
      const here = connect(ada)
      await Promise.all([viewer.synced(), here.synced()])
      here.awareness.setLocalStateField('at', 1)
      await sees(viewer, here, 1)
      for (let i = 2; i < 5; i++) {
        here.drop()
        await until(() => here.lost() === i - 1)
        await here.synced()
        await within(2_000, () => sees(viewer, here, i - 1))
        await within(2_000, () => sees(hocuspocus(ben), here, i - 1))
        here.awareness.setLocalStateField('at', i)
        await sees(viewer, here, i)
      }
    })

    it(`stays when the old connection of a client ends after its new one began (${name})`, async () => {
      const viewer = hocuspocus(ben)
      const doc = new Y.Doc()
      const old = connect(ada, doc)
      await Promise.all([viewer.synced(), old.synced()])
      old.awareness.setLocalStateField('at', 'old')
      await sees(viewer, old, 'old')
      // The same Yjs client once more, as after a change of network: the server has both for a while.
      const copy = new Y.Doc()
      copy.clientID = doc.clientID
      const renewed = connect(ada, copy)
      await renewed.synced()
      renewed.awareness.setLocalStateField('at', 'new')
      renewed.awareness.setLocalStateField('at', 'newer')
      await sees(viewer, renewed, 'newer')
      let isGone = false
      viewer.awareness.on('update', ({ removed }: { removed: number[] }) => {
        isGone ||= removed.includes(doc.clientID)
      })
      old.drop()
      old.close()
      renewed.awareness.setLocalStateField('at', 'newest')
      await sees(viewer, renewed, 'newest')
      const later = connect(ben)
      await sees(later, renewed, 'newest')
      expect(isGone).to.equal(false)
      await leaves(viewer, renewed)
    })
  }

  it('is not taken from a tab by another tab of the same person that repeats it', async () => {
    const viewer = hocuspocus(ben)
    const tab = yWebsocket(ada)
    await Promise.all([viewer.synced(), tab.synced()])
    tab.awareness.setLocalStateField('at', 1)
    await sees(viewer, tab, 1)
    // It says nothing of itself, so the first that it says is what it has heard.
    const silent = yWebsocket(ada)
    silent.awareness.setLocalState(null)
    await sees(silent, tab, 1)
    for (let at = 2; at < 6; at++) {
      tab.awareness.setLocalStateField('at', at)
      await sees(silent, tab, at)
    }
    await leaves(viewer, tab)
    silent.awareness.setLocalState({ at: 'here' })
    await sees(viewer, silent, 'here')
    await leaves(viewer, silent)
  })

  it('ends when a client says that it leaves, and begins when it comes back, on the same socket', async () => {
    const viewer = hocuspocus(ben)
    const here = yWebsocket(ada)
    await Promise.all([viewer.synced(), here.synced()])
    for (let at = 1; at < 4; at++) {
      here.awareness.setLocalState({ at })
      await sees(viewer, here, at)
      here.awareness.setLocalState(null)
      await until(() => !stateOf(viewer, here))
    }
  })

  it('does not take states over 4 KB, and goes on with the next', async () => {
    const viewer = hocuspocus(ben)
    const here = hocuspocus(ada)
    await Promise.all([viewer.synced(), here.synced()])
    const before = await refused()
    here.awareness.setLocalState({ at: 1, much: 'x'.repeat(5_000) })
    here.awareness.setLocalState({ at: 2 })
    await sees(viewer, here, 2)
    expect((await refused()) - before).to.equal(1)
    expect(stateOf(viewer, here)).to.not.have.property('much')
  })

  it("does not take news of somebody else's client, not even after they left", async () => {
    const viewer = hocuspocus(await world.person('Eve'))
    const victim = hocuspocus(ada)
    await Promise.all([viewer.synced(), victim.synced()])
    victim.awareness.setLocalStateField('at', 1)
    await sees(viewer, victim, 1)
    const before = await refused()
    const thief = new Y.Doc()
    thief.clientID = victim.clientId
    const mallory = yWebsocket(ben, thief)
    for (let i = 0; i < 50; i++) mallory.awareness.setLocalState({ at: 'stolen' })
    await mallory.synced()
    mallory.awareness.setLocalState({ at: 'stolen' })
    await until(async () => (await refused()) > before)
    await leaves(viewer, victim)
    mallory.awareness.setLocalState({ at: 'stolen' })
    const witness = yWebsocket(ben)
    witness.awareness.setLocalState({ at: 'seen' })
    await sees(viewer, witness, 'seen')
    expect(stateOf(viewer, victim)).to.equal(undefined)
  })

  const refused = async (): Promise<number> => {
    const { values } = await server.metrics.refused.get()
    return values.find(({ labels }) => labels.reason === 'awareness')?.value ?? 0
  }
})
