import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { type Client, startWorld, type TestServer, until, type World } from '../testing.ts'
import { AcceptedEdits } from './accepted.ts'
import { element, embed, gc, rawUpdate, string, subdocument } from './testing-updates.ts'
import { validateUpdate } from './update-validator.ts'

describe('hostile updates', () => {
  const judge = (update: Uint8Array, doc = new Y.Doc(), accepted = new AcceptedEdits(), user = 'mallory') =>
    validateUpdate(update, doc, accepted, user)
  const of = (...structs: Parameters<typeof rawUpdate>[0][number]['structs']) => [{ client: 7, clock: 0, structs }]

  it('cannot hold two blocks of one Yjs client, of which Yjs would integrate one', () => {
    const update = rawUpdate([...of(string('a')), { client: 7, clock: 1, structs: [string('b')] }])
    expect(judge(update)).to.equal('malformed')
  })

  it('cannot hold structs that wait for each other', () => {
    const a = { client: 7, clock: 0, structs: [string('a', { origin: [8, 0] })] }
    const b = { client: 8, clock: 0, structs: [string('b', { origin: [7, 0] })] }
    expect(judge(rawUpdate([a, b]))).to.equal('malformed')
  })

  it('cannot lay an item over the end of what was collected, applied or on its way', () => {
    const collected = rawUpdate(of(gc(5)))
    const over = rawUpdate(of(string('0123456789')))
    const doc = new Y.Doc()
    const accepted = new AcceptedEdits()
    expect(judge(collected, doc, accepted)).to.equal('new')
    expect(judge(over, doc, accepted)).to.equal('gap')
    Y.applyUpdate(doc, collected)
    expect(judge(over, doc, accepted)).to.equal('gap')
  })

  it('cannot nest JSON or types deeper than the stack', () => {
    const json = '['.repeat(5_000) + ']'.repeat(5_000)
    expect(judge(rawUpdate(of(embed(json))))).to.equal('malformed')
    const nested = Array.from({ length: 900 }, (_, i) => element('blockquote', { parent: [7, i] }))
    expect(judge(rawUpdate(of(element('blockquote'), ...nested)))).to.equal('malformed')
  })

  it('cannot nest types deeper one update at a time either, applied or on their way', () => {
    for (const applies of [true, false]) {
      const doc = new Y.Doc()
      const accepted = new AcceptedEdits()
      const verdicts = new Set<string>()
      for (let i = 0; i < 1_000; i++) {
        const structs = [i === 0 ? element('blockquote') : element('blockquote', { parent: [7, i - 1] })]
        const update = rawUpdate([{ client: 7, clock: i, structs }])
        const verdict = judge(update, doc, accepted)
        verdicts.add(verdict)
        if (verdict === 'new' && applies) Y.applyUpdate(doc, update)
      }
      expect(verdicts.has('malformed'), applies ? 'applied' : 'on their way').to.equal(true)
    }
  })

  it('cannot hold values of a key that can be split: what Yjs forgets of them makes the document unloadable', () => {
    const element0 = of(element('blockquote'))
    const long = rawUpdate([{ client: 8, clock: 0, structs: [string('ab', { parent: [7, 0], key: 'k' })] }])
    const behind = rawUpdate([{ client: 8, clock: 1, structs: [string('ab', { origin: [8, 0] })] }])
    const doc = new Y.Doc()
    const accepted = new AcceptedEdits()
    expect(judge(rawUpdate(element0), doc, accepted)).to.equal('new')
    expect(judge(long, doc, accepted)).to.equal('malformed')
    const short = rawUpdate([{ client: 8, clock: 0, structs: [string('a', { parent: [7, 0], key: 'k' })] }])
    expect(judge(short, doc, accepted)).to.equal('new')
    expect(judge(behind, doc, accepted)).to.equal('malformed')
    for (const update of [rawUpdate(element0), short]) Y.applyUpdate(doc, update)
    accepted.settle()
    expect(judge(behind, doc, accepted)).to.equal('malformed')
    const both = rawUpdate([
      ...element0,
      { client: 8, clock: 0, structs: [string('a', { parent: [7, 0], key: 'k' }), string('ab', { origin: [8, 0] })] },
    ])
    expect(judge(both)).to.equal('malformed')
  })

  it('may hold such values of a key as deleted, as editors without garbage collection do', () => {
    const editor = new Y.Doc({ gc: false })
    const map = editor.getMap('mindmap')
    for (let i = 0; i < 5; i++) map.set('k', i)
    const update = Y.encodeStateAsUpdate(editor)
    expect(Y.decodeUpdate(update).structs[0]?.length).to.equal(4)
    expect(judge(update)).to.equal('new')
  })

  it('cannot hold documents, nor delete the same twice', () => {
    expect(judge(rawUpdate(of(subdocument())))).to.equal('malformed')
    const deletes: [number, number][] = [
      [0, 5],
      [0, 5],
    ]
    expect(judge(rawUpdate(of(string('hello')), { 7: deletes }))).to.equal('malformed')
  })

  it('cannot come from a Yjs client of somebody else', () => {
    const doc = new Y.Doc()
    const accepted = new AcceptedEdits()
    expect(judge(rawUpdate(of(string('mine'))), doc, accepted, 'ada')).to.equal('new')
    expect(judge(rawUpdate(of(string('evil'))), doc, accepted, 'mallory')).to.equal('foreign')
    const more = rawUpdate([{ client: 7, clock: 4, structs: [string(' too', { origin: [7, 3] })] }])
    expect(judge(more, doc, accepted, 'mallory')).to.equal('foreign')
    expect(judge(more, doc, accepted, 'ada')).to.equal('new')
  })

  it('are not known as long as what they repeat is only on its way', () => {
    const doc = new Y.Doc()
    const accepted = new AcceptedEdits()
    expect(judge(rawUpdate(of(string('0123456789'))), doc, accepted)).to.equal('new')
    expect(judge(rawUpdate(of(string('01234'))), doc, accepted)).to.equal('new')
  })
})

describe('a hostile member', () => {
  let world: World
  let server: TestServer
  let document: string
  let ada: Client
  let mallory: Client
  beforeEach(async () => {
    world = await startWorld()
    server = await world.server()
    document = await world.document()
    ada = world.connect(server, document, (await world.person('Ada')).token)
    mallory = world.connect(server, document, (await world.person('Mallory')).token)
    await Promise.all([ada.synced(), mallory.synced()])
  })
  afterEach(() => world.stop())

  const send = (client: Client, type: number, ...parts: ((encoder: encoding.Encoder) => void)[]): void => {
    const frame = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, document)
      encoding.writeVarUint(encoder, type)
      for (const part of parts) part(encoder)
    })
    client.websocket.webSocket?.send(frame as never)
  }
  const sendUpdate = (client: Client, update: Uint8Array): void =>
    send(client, 0, (encoder) => {
      encoding.writeVarUint(encoder, 2)
      encoding.writeVarUint8Array(encoder, update)
    })
  const sendAwareness = (client: Client, clientId: number, clock: number, state: unknown): void =>
    send(client, 1, (encoder) =>
      encoding.writeVarUint8Array(
        encoder,
        encoding.encode((inner) => {
          for (const number of [1, clientId, clock]) encoding.writeVarUint(inner, number)
          encoding.writeVarString(inner, JSON.stringify(state))
        }),
      ),
    )

  it("cannot make somebody's edit count as known by taking its place", async () => {
    ada.type('first')
    await ada.synced()
    const { clientID } = ada.document
    const clock = Y.getState(ada.document.store, clientID)
    sendUpdate(mallory, rawUpdate([{ client: clientID, clock, structs: [string('x'.repeat(20))] }]))
    await mallory.closed()
    expect(mallory.closes[0]).to.equal(1007)
    ada.type('second')
    await ada.synced()
    const reader = world.connect(await world.server(), document, (await world.person('Ben')).token)
    await until(() => reader.words() === ada.words())
    expect(reader.words()).to.include('second')
  })

  it('cannot write with a Yjs client that only the checkpoint knows', async () => {
    ada.type('first')
    await ada.synced()
    const { clientID } = ada.document
    const clock = Y.getState(ada.document.store, clientID)
    // The last who leave, and the end of the server, fold the log.
    ada.close()
    mallory.close()
    await server.stop()
    expect(await world.logRows(document)).to.have.length(0)
    const again = world.connect(await world.server(), document, (await world.person('Mal')).token)
    await again.synced()
    sendUpdate(again, rawUpdate([{ client: clientID, clock, structs: [string('x')] }]))
    await again.closed()
    expect(again.closes[0]).to.equal(1007)
    expect(await world.logRows(document)).to.have.length(0)
  })

  it('cannot write with the Yjs client of somebody who is there and has not written yet', async () => {
    ada.provider.setAwarenessField('at', 1)
    await until(() => mallory.provider.awareness?.getStates().has(ada.document.clientID) ?? false)
    sendUpdate(mallory, rawUpdate([{ client: ada.document.clientID, clock: 0, structs: [string('x')] }]))
    await mallory.closed()
    expect(mallory.closes[0]).to.equal(1007)
    ada.type('first')
    await ada.synced()
    expect(await world.logRows(document)).to.have.length(1)
  })

  it('cannot speak for a Yjs client that somebody else has written with', async () => {
    ada.type('first')
    await ada.synced()
    const fresh = world.connect(server, document, (await world.person('Mal')).token)
    await fresh.synced()
    sendAwareness(fresh, ada.document.clientID, 1, { at: 99 })
    ada.type('second')
    await ada.synced()
    expect(ada.closes).to.have.length(0)
  })

  it("cannot take over somebody's caret", async () => {
    ada.provider.setAwarenessField('at', 1)
    const states = (): Map<number, Record<string, unknown>> | undefined => mallory.provider.awareness?.getStates()
    await until(() => states()?.get(ada.document.clientID)?.['at'] === 1)
    const fresh = world.connect(server, document, (await world.person('Mal')).token)
    await fresh.synced()
    sendAwareness(mallory, ada.document.clientID, 1_000_000, { at: 99 })
    sendAwareness(fresh, ada.document.clientID, 1_000_000, null)
    ada.provider.setAwarenessField('at', 2)
    await until(() => states()?.get(ada.document.clientID)?.['at'] === 2)
    expect(states()?.get(ada.document.clientID)?.['user']).to.include({ name: 'Ada' })
  })

  it('cannot show more than one caret on a connection', async () => {
    for (let clientId = 1; clientId <= 50; clientId++) sendAwareness(mallory, clientId, 1, { at: clientId })
    mallory.provider.setAwarenessField('at', 'last')
    const states = (): [number, Record<string, unknown>][] => [...(ada.provider.awareness?.getStates() ?? [])]
    await until(() => states().some(([, { at }]) => at === 'last'))
    const clients = states().map(([clientId]) => clientId)
    expect(clients).to.have.members([ada.document.clientID, mallory.document.clientID])
  })

  it('loses no edit that was on its way when a later message of its own was malformed', async () => {
    mallory.type('one')
    sendAwareness(mallory, 1, 2 ** 40, {})
    mallory.type('two')
    await mallory.closed()
    await until(async () => (await world.logRows(document)).length > 0)
    const reader = world.connect(await world.server(), document, (await world.person('Ben')).token)
    await reader.synced()
    await until(() => ada.words() === reader.words())
    expect(ada.words()).to.include('one')
  })
})
