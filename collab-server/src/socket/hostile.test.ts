import { connect } from 'node:net'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { type Client, openSocket, startWorld, type TestServer, until, type World } from '../testing.ts'
import { refused as countOf, rawUpgrade } from './testing-upgrades.ts'

/** A frame of the protocol, with whatever body. */
const frame = (name: string, ...write: ((encoder: encoding.Encoder) => void)[]): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, name)
    for (const part of write) part(encoder)
  })
const number = (value: number) => (encoder: encoding.Encoder) => encoding.writeVarUint(encoder, value)
const bytes = (value: Uint8Array) => (encoder: encoding.Encoder) => encoding.writeVarUint8Array(encoder, value)
const string = (value: string) => (encoder: encoding.Encoder) => encoding.writeVarString(encoder, value)
const update = (name: string, data: Uint8Array): Uint8Array => frame(name, number(0), number(2), bytes(data))

describe('bad input on a socket', () => {
  let world: World
  let server: TestServer
  let document: string
  let token: string
  let witness: Client
  before(async () => {
    world = await startWorld()
    server = await world.server()
    document = await world.document()
    token = (await world.person('Ada')).token
    witness = world.connect(server, document, token)
    await witness.synced()
  })
  after(() => world.stop())

  /** The process is up and the others go on: an edit is acknowledged on a socket that was there all the time. */
  afterEach(async () => {
    witness.type('still here')
    await witness.synced()
    expect(witness.closes).to.deep.equal([])
  })

  const member = async (): Promise<Client> => {
    const client = world.connect(server, document, token)
    await client.synced()
    return client
  }
  const send = async (data: Uint8Array | string): Promise<number> => {
    const client = await member()
    client.websocket.webSocket?.send(data as never)
    await client.closed()
    client.close()
    return client.closes[0] as number
  }

  it('closes with 1003 for text, and counts it', async () => {
    const before = await countOf(server, 'malformed')
    expect(await send('hello')).to.equal(1003)
    expect(await countOf(server, 'malformed')).to.equal(before + 1)
  })

  it('closes with 1007 for frames that are none of the protocol', async () => {
    const bad = [
      new Uint8Array(),
      new Uint8Array([255]),
      new Uint8Array([36, 1, 2, 3]),
      frame(document),
      frame(document, number(99)),
      frame(document, number(6), string('for servers only')),
      frame(document, number(0), number(7), bytes(new Uint8Array([1]))),
      frame(document, number(0), number(0), bytes(new Uint8Array([200]))),
    ]
    for (const data of bad) expect(await send(data), `[${data}]`).to.equal(1007)
  })

  it('closes with 1007 for an update that is no Yjs update, and stores nothing of it', async () => {
    const doc = new Y.Doc()
    doc.getText('default').insert(0, 'some text')
    const good = Y.encodeStateAsUpdate(doc)
    const rows = (await world.logRows(document)).length
    expect(await send(update(document, good.subarray(0, good.length - 4)))).to.equal(1007)
    expect(await send(update(document, new Uint8Array([1, 2, 3])))).to.equal(1007)
    expect(await send(update(document, Y.encodeStateAsUpdateV2(doc)))).to.equal(1007)
    expect(await world.logRows(document)).to.have.length(rows)
  })

  it('closes with 1009 for a frame over the limit', async () => {
    expect(await send(update(document, new Uint8Array(5 * 1024 * 1024)))).to.equal(1009)
  })

  it('asks a client that skipped an edit for what is missing', async () => {
    const client = await member()
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (data: Uint8Array) => updates.push(data))
    doc.getText('other').insert(0, 'a')
    doc.getText('other').insert(1, 'b')
    const asked = new Promise<number[]>((resolve) => {
      const statuses: number[] = []
      client.websocket.on('message', ({ data }: { data: ArrayBuffer }) => {
        const message = new Uint8Array(data).subarray(1 + document.length)
        if (message[0] === 8) statuses.push(message[1] as number)
        if (message[0] === 0 && message[1] === 0 && statuses.length > 0) resolve(statuses)
      })
    })
    client.websocket.webSocket?.send(update(document, updates[1] as Uint8Array) as never)
    expect(await asked).to.deep.equal([0])
    expect(client.closes).to.deep.equal([])
    client.close()
  })

  it('keeps nothing of many edits whose predecessors never come, and asks for those once', async () => {
    const client = await member()
    const rows = (await world.logRows(document)).length
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (data: Uint8Array) => updates.push(data))
    for (let i = 0; i < 102; i++) doc.getText('other').insert(i, 'x')
    let refused = 0
    let questions = 0
    client.websocket.on('message', ({ data }: { data: ArrayBuffer }) => {
      const message = new Uint8Array(data).subarray(1 + document.length)
      if (message[0] === 8 && message[1] === 0) refused++
      if (message[0] === 0 && message[1] === 0) questions++
    })
    for (const data of updates.slice(2)) client.websocket.webSocket?.send(update(document, data) as never)
    await until(() => refused === 100)
    expect(questions).to.be.within(1, 5)
    const live = server.collab.hocuspocus.documents.get(document)
    expect(live?.store.pendingStructs).to.equal(null)
    expect(await world.logRows(document)).to.have.length(rows)
    client.close()
  })

  it('closes a socket that opens no document in time, or speaks before it is authenticated', async () => {
    const strict = await world.server({ policy: { authenticationMs: 300 } })
    const silent = await openSocket(strict.url)
    expect(await silent.closed).to.equal(4401)
    const early = await openSocket(strict.url)
    early.ws.send(update(document, new Uint8Array([0, 0])))
    expect(await early.closed).to.equal(4401)
  })

  it('counts a socket once, however long it takes to agree to its end', async () => {
    const strict = await world.server({ policy: { authenticationMs: 300 } })
    const stubborn = await rawUpgrade(strict)
    stubborn.write(Uint8Array.of(0x81, 0x80, 0, 0, 0, 0))
    await until(async () => (await countOf(strict, 'malformed')) === 1)
    const later = await openSocket(strict.url)
    expect(await later.closed).to.equal(4401)
    expect(await countOf(strict, 'signin-time')).to.equal(1)
    stubborn.destroy()
  })

  it('closes with 4404 for a document that is no UUID, and counts it', async () => {
    const before = await countOf(server, 'signin')
    const socket = await openSocket(server.url)
    socket.ws.send(frame('not-a-uuid', number(2), number(0), string(token)))
    expect(await socket.closed).to.equal(4404)
    expect(await countOf(server, 'signin')).to.equal(before + 1)
  })

  it('closes a socket after the first refused sign-in of its only document', async () => {
    const socket = await openSocket(server.url)
    socket.ws.send(frame(newId(), number(2), number(0), string(token)))
    expect(await socket.closed).to.equal(4404)
  })

  it('refuses upgrades of other paths and other origins', async () => {
    expect((await openSocket(server.url.replace('/collab', '/other'))).isOpen).to.equal(false)
    expect((await openSocket(server.url, { origin: 'https://elsewhere.example' })).isOpen).to.equal(false)
    expect((await openSocket(server.url, { origin: 'null' })).isOpen).to.equal(false)
    const own = await openSocket(server.url, { origin: `http://${new URL(server.url).host}` })
    expect(own.isOpen).to.equal(true)
    own.ws.close()
  })

  it('cuts off a handshake that comes by the byte', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.write('GET /collab HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const dribble = setInterval(() => socket.write('x'), 500)
    const started = performance.now()
    await closed
    clearInterval(dribble)
    expect(performance.now() - started).to.be.below(15_000)
  })

  it('survives resets in the middle of an upgrade, with a malformed Host too', async () => {
    for (let i = 0; i < 20; i++) {
      const socket = await rawUpgrade(server, i % 2 ? 'a b:c:d\u00ff' : 'localhost')
      socket.resetAndDestroy()
      await until(() => socket.destroyed)
    }
  })
})
