import { newId } from '@mdcreator/shared/ids'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { type Client, openSocket, type Person, signToken, startWorld, type TestServer, until } from '../testing.ts'
import { element, rawUpdate } from '../validation/testing-updates.ts'
import { makeTicket, openSession } from './testing-tickets.ts'
import { refused } from './testing-upgrades.ts'
import { connectYWebsocket, type YWebsocketClient, yWebsocketUrl } from './testing-y-websocket.ts'
import { yWebsocketDocument } from './y-websocket.ts'

describe('the y-websocket protocol', () => {
  let world: Awaited<ReturnType<typeof startWorld>>
  let server: TestServer
  let ada: Person
  let document: string
  const open: { close(): void }[] = []
  before(async () => {
    world = await startWorld()
    server = await world.server()
    ada = await world.person('Ada')
  })
  beforeEach(async () => {
    document = await world.document()
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.close()
  })
  after(() => world.stop())

  const connect = (
    id = document,
    token = ada.token,
    options: Parameters<typeof connectYWebsocket>[3] = {},
  ): YWebsocketClient => {
    const client = connectYWebsocket(server, id, token, options)
    open.push(client)
    return client
  }
  const hocuspocus = (token = ada.token): Client => {
    const client = world.connect(server, document, token)
    open.push(client)
    return client
  }
  const textOf = ({ document: doc }: { document: Y.Doc }): Y.Text => doc.getText('text')
  const reads = (client: { document: Y.Doc }, text: string): Promise<void> =>
    until(() => textOf(client).toString() === text)
  const bare = (id = document, token = ada.token) => openSocket(`${yWebsocketUrl(server)}/${id}?token=${token}`)

  it('finds its documents by id, and by the id twice', () => {
    expect(yWebsocketDocument('/ws/documents/a')).to.equal('a')
    expect(yWebsocketDocument('/ws/documents/a/a')).to.equal('a')
    expect(yWebsocketDocument('/ws/documents/a/b')).to.equal('')
    expect(yWebsocketDocument('/ws/documents/a/a/a')).to.equal('')
    expect(yWebsocketDocument('/ws/documents/')).to.equal('')
    for (const path of ['/ws/documents', '/ws', '/collab', '']) expect(yWebsocketDocument(path)).to.equal(null)
  })

  it('edits a document together with HocuspocusProvider', async () => {
    const byRoom = connect()
    const byUrl = connect(document, ada.token, { url: `${yWebsocketUrl(server)}/${document}` })
    const other = hocuspocus()
    await Promise.all([byRoom.synced(), byUrl.synced(), other.synced()])
    textOf(byRoom).insert(0, 'one ')
    await reads(other, 'one ')
    textOf(other).insert(4, 'two ')
    await reads(byRoom, 'one two ')
    textOf(byUrl).insert(8, 'three')
    await Promise.all([byRoom, byUrl, other].map((client) => reads(client, 'one two three')))
    const later = connect()
    await reads(later, 'one two three')
    const stored = await world.logRows(document)
    expect(stored).to.have.length(3)
  })

  it('sends what was typed offline, of any size', async () => {
    const client = connect()
    const other = hocuspocus()
    await Promise.all([client.synced(), other.synced()])
    client.provider.disconnect()
    textOf(client).insert(0, 'x'.repeat(2_000_000))
    textOf(other).insert(0, 'meanwhile ')
    client.provider.connect()
    await until(() => textOf(client).length === 2_000_010 && textOf(other).length === 2_000_010)
    expect(textOf(client).toString()).to.equal(textOf(other).toString())
    expect(client.closes).to.deep.equal([])
  })

  it('opens a document whose state vector is longer than a first message may be', async () => {
    const many = new Y.Doc()
    const firstClient = 2 ** 31
    const blocks = Array.from({ length: 12_000 }, (_, i) => {
      const place = i > 0 ? { origin: [firstClient + i - 1, 0] as [number, number] } : {}
      return { client: firstClient + i, clock: 0, structs: [element('paragraph', place)] }
    })
    Y.applyUpdate(many, rawUpdate(blocks))
    expect(Y.encodeStateVector(many).byteLength).to.be.above(64 * 1024)
    await world.owner.query('update documents set yjs_state = $2 where id = $1', [
      document,
      Buffer.from(Y.encodeStateAsUpdate(many)),
    ])
    const client = connect(document, ada.token, { document: many })
    const again = world.connect(server, document, ada.token, many)
    open.push(again)
    await Promise.all([client.synced(), again.synced()])
    expect([client.closes, again.closes]).to.deep.equal([[], []])
  })

  it('lets a reader read, and stores nothing of theirs', async () => {
    const reader = connect(document, (await world.person('Vera', 'viewer')).token)
    const editor = hocuspocus()
    await Promise.all([reader.synced(), editor.synced()])
    textOf(reader).insert(0, 'mine')
    textOf(editor).insert(0, 'theirs')
    await until(() => textOf(reader).toString().includes('theirs'))
    await editor.synced()
    expect(textOf(editor).toString()).to.equal('theirs')
    expect(await world.logRows(document)).to.have.length(1)
    expect(reader.closes).to.deep.equal([])
  })

  it('asks for what is missing where an edit was skipped', async () => {
    const { ws } = await bare()
    open.push(ws)
    const updates: Uint8Array[] = []
    const doc = new Y.Doc()
    doc.on('update', (update: Uint8Array) => updates.push(update))
    textOf({ document: doc }).insert(0, 'a')
    textOf({ document: doc }).insert(1, 'b')
    const asked = new Promise<void>((resolve) => {
      let steps = 0
      ws.on('message', (data: Buffer) => {
        if (data[0] !== 0 || data[1] !== 0) return
        steps++
        // One in answer to ours, one because of the gap.
        if (steps === 2) resolve()
        else for (const message of [sync(1, Uint8Array.of(0, 0)), sync(2, updates[1] as Uint8Array)]) ws.send(message)
      })
    })
    ws.send(sync(0, Y.encodeStateVector(new Y.Doc())))
    await asked
    ws.send(sync(1, Y.encodeStateAsUpdate(doc)))
    await reads(hocuspocus(), 'ab')
  })

  it('answers who is here', async () => {
    const other = hocuspocus()
    other.provider.setAwarenessField('at', 1)
    await other.synced()
    const { ws } = await bare()
    open.push(ws)
    const seen: unknown[] = []
    ws.on('message', (data: Buffer) => {
      if (data[0] !== 1) return
      const awareness = new Awareness(new Y.Doc())
      const decoder = decoding.createDecoder(data.subarray(1))
      applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), null)
      seen.push(awareness.getStates().get(other.document.clientID)?.['at'])
      awareness.destroy()
    })
    await until(() => seen.length === 1)
    ws.send(Uint8Array.of(3))
    await until(() => seen.length === 2)
    expect(seen).to.deep.equal([1, 1])
  })

  it('closes with 4001 for no token and a bad one, 4003 for no member, 4004 for no document', async () => {
    const expired = await signToken({ sub: ada.id, exp: Math.floor(Date.now() / 1000) - 600 })
    const stranger = await world.person('Sam', null)
    const deleted = await world.document()
    await world.owner.query('update documents set deleted_at = now() where id = $1', [deleted])
    const cases: [number, string, string][] = [
      [4001, document, ''],
      [4001, document, 'nonsense'],
      [4001, document, expired],
      [4003, document, stranger.token],
      [4004, newId(), ada.token],
      [4004, deleted, ada.token],
      [4004, document.toUpperCase(), ada.token],
      [4004, 'not-a-uuid', ada.token],
      [4004, `${document}/${newId()}`, ada.token],
      [4004, `${document}%00`, ada.token],
      [4004, '__proto__', ada.token],
    ]
    for (const [code, id, token] of cases) {
      const { closed } = await bare(id, token)
      expect(await closed, `${id} ${token}`).to.equal(code)
    }
    const client = connect(document, 'nonsense')
    await client.closed()
    expect(client.closes[0]).to.equal(4001)
    const withoutQuery = await openSocket(`${yWebsocketUrl(server)}/${document}`)
    expect(await withoutQuery.closed).to.equal(4001)
  })

  it('closes with 4003 once a member is removed', async () => {
    const member = await world.person('Mia')
    const client = connect(document, member.token)
    await client.synced()
    await world.owner.query('delete from workspace_members where user_id = $1', [member.id])
    await server.bus.publish('access.changed', { workspace_id: world.workspaceId, user_id: member.id })
    await client.closed()
    expect(client.closes[0]).to.equal(4003)
  })

  it('closes with 1012 when the server restarts, and the client goes on with the next one', async () => {
    const stopping = await world.server()
    const client = connectYWebsocket(stopping, document, ada.token)
    open.push(client)
    await client.synced()
    await stopping.stop()
    await client.closed()
    expect(client.closes[0]).to.equal(1012)
    expect(client.provider.shouldConnect).to.equal(true)
  })

  it('closes with 1003 for text and with 1007 for what is none of its messages, and counts them', async () => {
    const before = await refused(server, 'malformed')
    const text = await bare()
    text.ws.send('hello')
    expect(await text.closed).to.equal(1003)
    const bad = [[], [2, 0, 1, 97], [4, 0, 1, 0], [5, 1, 97], [7], [99], [0], [0, 9, 1, 0], [0, 2, 200], [1, 3, 1]]
    for (const data of bad) {
      const { ws, closed } = await bare()
      ws.send(Uint8Array.from(data))
      expect(await closed, `[${data}]`).to.equal(1007)
    }
    expect(await refused(server, 'malformed')).to.equal(before + 1 + bad.length)
  })

  it('writes no token and no ticket into any log, and hands none on', async () => {
    const canary = 'c4n4ry-t0k3n'
    const lines: string[] = []
    const log = createLogger('trace', { write: (line: string) => void lines.push(line) })
    const printed = [process.stdout, process.stderr].map((stream) => {
      const { write } = stream
      stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
        lines.push(String(chunk))
        return write.call(stream, chunk, ...rest)
      }) as typeof write
      return () => {
        stream.write = write
      }
    })
    try {
      const logging = await world.server({ log })
      const good = await signToken({ sub: ada.id })
      const ticket = await makeTicket(world, await openSession(world, ada.id), document)
      const root = yWebsocketUrl(logging)
      for (const path of [`/${document}`, `/${document}/${document}`, '/nonsense', `/${newId()}`]) {
        for (const shown of [
          `token=${canary}`,
          `token=${good}&again=${good}`,
          `ticket=${canary}`,
          `ticket=${ticket}`,
        ]) {
          const { ws, closed } = await openSocket(`${root}${path}?${shown}`)
          ws.send('not binary')
          await closed
          const origin = await openSocket(`${root}${path}?${shown}`, { origin: 'https://elsewhere.example' })
          await origin.closed
        }
      }
      const reset = await openSocket(`${root}/${document}?token=${good}`)
      reset.ws.send(new Uint8Array([0, 2, 3, 1, 2, 3]))
      await reset.closed
      await logging.stop()
      expect(lines.join('')).to.include('"level"')
      expect(lines.join('')).to.not.include(canary)
      for (const secret of [good.split('.')[2] as string, ticket.slice(4)])
        expect(lines.join('')).to.not.include(secret)
    } finally {
      for (const restore of printed) restore()
    }
  })
})

const sync = (type: number, payload: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint8Array(encoder, payload)
  })
