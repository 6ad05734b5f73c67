import { HocuspocusProvider } from '@hocuspocus/provider'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { openSocket, startWorld, type TestServer, until, type World } from '../testing.ts'
import { MessageType } from '../wire/frame.ts'

describe('what a frame is addressed with', () => {
  let world: World
  let server: TestServer
  let token: string
  let document: string
  before(async () => {
    world = await startWorld()
    server = await world.server()
    token = (await world.person('Ada')).token
  })
  beforeEach(async () => {
    document = await world.document()
  })
  after(() => world.stop())

  /** Presents the token at these addresses, on a socket of their own; returns the code that it is closed with. */
  const present = async (...addresses: string[]): Promise<number> => {
    const { ws, closed } = await openSocket(server.url)
    for (const address of addresses) {
      const frame = encoding.encode((encoder) => {
        encoding.writeVarString(encoder, address)
        encoding.writeVarUint(encoder, MessageType.Auth)
        encoding.writeVarUint(encoder, 0)
        encoding.writeVarString(encoder, token)
      })
      ws.send(frame)
    }
    return closed
  }
  const isLoaded = (): boolean => [...server.collab.hocuspocus.documents.keys()].some((name) => name.includes(document))

  it('may name a session, so that one socket holds a document more than once', async () => {
    const first = world.connect(server, document, token)
    await first.synced()
    const other = world.connect(server, await world.document(), token)
    await other.synced()
    const sessions = [new Y.Doc(), new Y.Doc()].map((doc) => {
      const options = { name: document, token, document: doc, sessionAwareness: true }
      const provider = new HocuspocusProvider({ websocketProvider: other.websocket, ...options })
      provider.attach()
      return provider
    })
    await until(() => sessions.every(({ synced }) => synced))
    for (const [i, { document: doc }] of sessions.entries()) doc.getText('text').insert(0, `${i}`)
    const texts = () => [...sessions, first].map(({ document: doc }) => doc.getText('text').toString())
    await until(() => texts().every((text) => text.length === 2))
    expect(new Set(texts()).size).to.equal(1)
    await until(() => sessions.every(({ unsyncedChanges }) => unsyncedChanges === 0))
    expect(server.collab.hocuspocus.documents.get(document)?.getConnectionsCount()).to.equal(3)
    expect(other.closes).to.deep.equal([])
    for (const session of sessions) session.destroy()
    first.close()
    await until(() => !isLoaded())
  })

  it('opens nothing where it holds a NUL, or more than that, in another place', async () => {
    const long = 'x'.repeat(65)
    const bad = ['', '\0', `${document}\0`, `\0${document}`, `${document}\0a\0b`, `${document}\0${long}`, long]
    for (const address of bad) expect(await present(address), JSON.stringify(address)).to.equal(1007)
    expect(isLoaded()).to.equal(false)
  })

  it('opens nothing where a session is of no document', async () => {
    for (const name of [document.toUpperCase(), '__proto__', `${document} `]) {
      expect(await present(`${name}\0session`), name).to.equal(4404)
    }
    expect(isLoaded()).to.equal(false)
  })

  it('is for one document either its name or its sessions, in whichever order', async () => {
    for (const addresses of [
      [document, `${document}\0session`],
      [`${document}\0session`, document],
    ]) {
      expect(await present(...addresses)).to.equal(1007)
    }
  })
})
