import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import type { WebSocket } from 'ws'
import type { RefusedReason } from '../metrics.ts'
import {
  type Client,
  openSocket,
  startWorld,
  type TestServer,
  type TestServerOptions,
  until,
  type World,
} from '../testing.ts'
import { MessageType, syncStepOne } from '../wire/frame.ts'
import { yWebsocketUrl } from './testing-y-websocket.ts'

describe('limits', () => {
  let world: World
  let token: string
  before(async () => {
    world = await startWorld()
    token = (await world.person('Ada')).token
  })
  after(() => world.stop())

  async function serve(limits: TestServerOptions['limits']): Promise<{ server: TestServer; client: Client }> {
    const server = await world.server({ ...(limits && { limits }) })
    const client = world.connect(server, await world.document(), token)
    await client.synced()
    return { server, client }
  }
  const refused = async ({ metrics }: TestServer, reason: RefusedReason): Promise<number> => {
    const { values } = await metrics.refused.get()
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0
  }
  const send = (client: Client, data: Uint8Array): void => client.websocket.webSocket?.send(new Uint8Array(data))
  const stepOne = (client: Client): Uint8Array => syncStepOne(client.provider.configuration.name, client.document)

  it('close a socket that sends faster than anybody could', async () => {
    const { server, client } = await serve({ messagesPerSecond: 10, messageBurst: 50 })
    for (let i = 0; i < 200; i++) client.type('x')
    await client.closed()
    expect(client.closes[0]).to.equal(4408)
    expect(await refused(server, 'message-rate')).to.be.above(0)
  })

  it('count whatever else comes: pings, pongs, and the pongs of the protocol', async () => {
    for (const flood of [
      (ws: WebSocket) => ws.ping(),
      (ws: WebSocket) => ws.pong(),
      (ws: WebSocket) => ws.send(Uint8Array.of(MessageType.Pong)),
    ]) {
      const server = await world.server({ limits: { messagesPerSecond: 1, messageBurst: 20 } })
      const { ws, closed } = await openSocket(server.url)
      for (let i = 0; i < 25; i++) flood(ws)
      expect(await closed).to.equal(4408)
      expect(await refused(server, 'message-rate')).to.equal(1)
    }
  })

  it('count a question for a large document as many messages', async () => {
    const { server, client } = await serve({ messagesPerSecond: 1, messageBurst: 400 })
    client.type('x'.repeat(2_000_000))
    await client.synced()
    for (let i = 0; i < 10; i++) send(client, stepOne(client))
    await client.closed()
    expect(client.closes[0]).to.equal(4408)
    expect(await refused(server, 'message-rate')).to.equal(1)
  })

  it('count what is long as many messages', async () => {
    const { server, client } = await serve({ messagesPerSecond: 1, messageBurst: 400 })
    const long = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, client.provider.configuration.name)
      encoding.writeVarUint(encoder, MessageType.Awareness)
      encoding.writeVarUint8Array(encoder, new Uint8Array(1_000_000))
    })
    for (let i = 0; i < 10; i++) send(client, long)
    await client.closed()
    expect(client.closes[0]).to.equal(4408)
    expect(await refused(server, 'message-rate')).to.equal(1)
  })

  it('count a question for the carets of a crowd as many messages', async () => {
    const { server, client } = await serve({ messagesPerSecond: 1, messageBurst: 400 })
    const document = client.provider.configuration.name
    const states = server.collab.hocuspocus.documents.get(document)?.awareness.states
    for (let clientId = 1; clientId <= 1_000; clientId++) states?.set(clientId, {})
    const question = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, document)
      encoding.writeVarUint(encoder, MessageType.QueryAwareness)
    })
    for (let i = 0; i < 100; i++) send(client, question)
    await client.closed()
    expect(client.closes[0]).to.equal(4408)
    expect(await refused(server, 'message-rate')).to.equal(1)
  })

  it('close a socket that speaks of more people than there can be', async () => {
    const { client } = await serve({})
    const crowd = encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, 20_000)
      for (let clientId = 0; clientId < 20_000; clientId++) {
        encoding.writeVarUint(encoder, clientId)
        encoding.writeVarUint(encoder, 1)
        encoding.writeVarString(encoder, 'null')
      }
    })
    const states = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, client.provider.configuration.name)
      encoding.writeVarUint(encoder, MessageType.Awareness)
      encoding.writeVarUint8Array(encoder, crowd)
    })
    send(client, states)
    await client.closed()
    expect(client.closes[0]).to.equal(1007)
  })

  it('refuse more connections to a document, and of a person, than are allowed', async () => {
    const { server, client } = await serve({ connectionsPerDocument: 2, connectionsPerUser: 3 })
    const crowded = client.provider.configuration.name
    const second = world.connect(server, crowded, token)
    await second.synced()
    const third = world.connect(server, crowded, token)
    await third.closed()
    expect(third.closes[0]).to.equal(4408)
    third.close()
    await world.connect(server, await world.document(), token).synced()
    const fourth = world.connect(server, await world.document(), token)
    await fourth.closed()
    expect(fourth.closes[0]).to.equal(4408)
    expect(fourth.failures[0]).to.equal('too-many-connections')
    fourth.close()
    expect(await refused(server, 'document-connections')).to.be.above(0)
    expect(await refused(server, 'user-connections')).to.be.above(0)
    expect(client.closes).to.deep.equal([])
  })

  it('hold for those who come at the same moment too', async () => {
    const server = await world.server({ limits: { connectionsPerDocument: 3, connectionsPerUser: 4 } })
    const crowded = await world.document()
    const grace = (await world.person('Grace')).token
    const come = (count: number, document: () => Promise<string>, as: string) =>
      Promise.all(Array.from({ length: count }, async () => world.connect(server, await document(), as)))
    const clients = [await come(10, async () => crowded, token), await come(10, () => world.document(), grace)].flat()
    await until(() => clients.every(({ provider, closes }) => provider.synced || closes.length > 0))
    const [inDocument, ofPerson] = [clients.slice(0, 10), clients.slice(10)]
    expect(inDocument.filter(({ closes }) => closes.length === 0)).to.have.length(3)
    expect(ofPerson.filter(({ closes }) => closes.length === 0)).to.have.length(4)
    for (const { closes } of clients) expect(closes.slice(0, 1)).to.satisfy(([code = 4408]: number[]) => code === 4408)
    for (const client of clients) client.close()
  })

  it('warn the editors of a document that grows too large, refuse more, and let them delete', async () => {
    const { server, client } = await serve({ maxDocumentBytes: 10_000 })
    const heard: { type: string; bytes: number; limit: number }[] = []
    client.provider.on('stateless', ({ payload }: { payload: string }) => heard.push(JSON.parse(payload)))
    client.type('x'.repeat(7_000))
    await client.synced()
    expect(heard).to.deep.equal([])
    client.type('y'.repeat(1_500))
    await until(() => heard.length === 1)
    expect(heard[0]).to.include({ type: 'document.large', limit: 10_000 })
    expect(heard[0]?.bytes).to.be.within(8_000, 10_000)
    await client.synced()
    const fragment = client.document.getXmlFragment('default')
    fragment.delete(0, 1)
    await client.synced()
    client.type('z'.repeat(3_000))
    await until(() => heard.length === 2)
    expect(heard[1]).to.include({ type: 'document.full' })
    expect(client.provider.unsyncedChanges).to.equal(1)
    expect(await refused(server, 'document-size')).to.equal(1)
    expect(client.closes).to.deep.equal([])
  })

  it('count the smallest of structs as 64 bytes: what is small as an update takes long to load', async () => {
    const { server, client } = await serve({ maxDocumentBytes: 100_000 })
    const notes = client.document.getText('notes')
    // Each is put before all others, so that Yjs makes none of two.
    for (let round = 0; round < 2; round++) {
      client.document.transact(() => {
        for (let i = 0; i < 900; i++) notes.insert(0, 'x')
      })
      await client.synced()
    }
    expect((await world.logRows(client.provider.configuration.name)).map(({ data }) => data.length)).to.satisfy(
      ([one = 0, two = 0]) => one + two < 50_000,
    )
    // A count is good for a moment.
    await until(async () => {
      notes.insert(0, 'x')
      return (await refused(server, 'document-size')) > 0
    })
    expect(client.closes).to.deep.equal([])
  })

  it('count what is on its way to the log, too: many edits at once fill no document beyond its size', async () => {
    const { server, client } = await serve({ maxDocumentBytes: 10_000 })
    const document = client.provider.configuration.name
    const other = world.connect(server, document, token)
    await other.synced()
    const log = await world.owner.connect()
    await log.query('begin')
    await log.query('lock table document_updates in share mode')
    client.type('x'.repeat(7_000))
    await until(() => server.collab.unstored === 1)
    other.type('y'.repeat(7_000))
    await until(async () => server.collab.unstored > 1 || (await refused(server, 'document-size')) > 0)
    expect(server.collab.unstored).to.equal(1)
    await log.query('rollback')
    log.release()
    await client.synced()
    expect(await world.logRows(document)).to.have.length(1)
  })

  const open = (client: Client, document: string): void =>
    send(
      client,
      encoding.encode((encoder) => {
        encoding.writeVarString(encoder, document)
        encoding.writeVarUint(encoder, 2)
        encoding.writeVarUint(encoder, 0)
        encoding.writeVarString(encoder, token)
      }),
    )

  it('let one socket open 150 documents at once, and close it at one more', async () => {
    const { server, client } = await serve({ documentsPerSocket: 150 })
    const documents = await Promise.all(Array.from({ length: 150 }, () => world.document()))
    for (const document of documents.slice(1)) open(client, document)
    await until(() => server.collab.hocuspocus.getDocumentsCount() === 150)
    expect(client.closes).to.deep.equal([])
    open(client, documents[0] as string)
    await client.closed()
    expect(client.closes[0]).to.equal(4408)
    expect(await refused(server, 'documents-per-socket')).to.be.above(0)
  })

  it('close a socket at the fifth document that it may not open', async () => {
    const { server, client } = await serve({})
    for (let i = 1; i <= 4; i++) {
      open(client, newId())
      await until(async () => (await refused(server, 'signin')) === i)
    }
    client.type('still open')
    await client.synced()
    expect(client.closes).to.deep.equal([])
    open(client, newId())
    await client.closed()
    expect(client.closes[0]).to.equal(4404)
  })

  it('end the socket of somebody who reads nothing, and no other', async () => {
    const server = await world.server({ policy: { slowReaderBytes: 1024 * 1024 } })
    const document = await world.document()
    const client = world.connect(server, document, token)
    await client.synced()
    const { ws } = await openSocket(`${yWebsocketUrl(server)}/${document}?token=${token}`)
    await until(() => server.collab.hocuspocus.documents.get(document)?.getConnectionsCount() === 2)
    ws.pause()
    for (let i = 0; i < 40 && (await refused(server, 'slow-reader')) === 0; i++) {
      client.type('x'.repeat(1_000_000))
      await client.synced()
    }
    await until(() => server.collab.hocuspocus.documents.get(document)?.getConnectionsCount() === 1)
    expect(await refused(server, 'slow-reader')).to.equal(1)
    expect(client.closes).to.deep.equal([])
    ws.terminate()
  })

  it('close a socket that sends too long a notice', async () => {
    const { client } = await serve({})
    const notice = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, client.provider.configuration.name)
      encoding.writeVarUint(encoder, 5)
      encoding.writeVarString(encoder, 'x'.repeat(17_000))
    })
    send(client, notice)
    await client.closed()
    expect(client.closes[0]).to.equal(1007)
  })
})
