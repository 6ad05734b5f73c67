import { HocuspocusProvider } from '@hocuspocus/provider'
import { expect } from 'chai'
import * as Y from 'yjs'
import { type Client, type Person, signToken, startWorld, type TestServer, until, type World } from '../testing.ts'

describe('several documents that are asked for on one socket', () => {
  let world: World
  let server: TestServer
  let ada: Person
  let expired: string
  before(async () => {
    world = await startWorld()
    server = await world.server()
    ada = await world.person('Ada')
    expired = await signToken({ sub: ada.id, exp: 1 })
  })
  // Who was refused would knock again and again.
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })
  after(() => world.stop())

  const clients: { close(): void }[] = []
  const connect = (document: string, token: string): Client => {
    const client = world.connect(server, document, token)
    clients.push(client)
    return client
  }
  /** Asks for one more document on a client's socket, or for one more session of a document. */
  const ask = ({ websocket }: Client, name: string, token: string, sessionAwareness = false) => {
    const options = { name, token, document: new Y.Doc(), sessionAwareness }
    const provider = new HocuspocusProvider({ websocketProvider: websocket, ...options })
    const failures: string[] = []
    provider.on('authenticationFailed', ({ reason }: { reason: string }) => failures.push(reason))
    provider.attach()
    clients.unshift({ close: () => provider.destroy() })
    return { provider, failures }
  }

  it('are opened though one of them is refused while the others are still looked at', async () => {
    const refused = connect(await world.document(), expired)
    const { provider } = ask(refused, await world.document(), ada.token)
    await until(() => provider.synced || refused.closes.length > 0)
    expect(refused.failures).to.deep.equal(['token-expired'])
    expect(refused.closes).to.deep.equal([])
  })

  it('are one document in several sessions, of which each has its own token', async () => {
    const client = connect(await world.document(), ada.token)
    await client.synced()
    const document = await world.document()
    const bad = ask(client, document, expired, true)
    const good = ask(client, document, ada.token, true)
    await until(() => good.provider.synced)
    expect(bad.failures).to.deep.equal(['token-expired'])
    expect(client.closes).to.deep.equal([])
  })

  it('are asked for anew where a session is let in whose token was refused to another session since', async () => {
    const client = connect(await world.document(), ada.token)
    await client.synced()
    const document = await world.document()
    const grace = await world.person('Grace')
    const loads = await world.owner.connect()
    await loads.query('begin')
    await loads.query('lock document_updates in access exclusive mode')
    ask(client, document, grace.token, true)
    await until(() => server.collab.hocuspocus.loadingDocuments.has(document))
    await world.owner.query('delete from workspace_members where user_id = $1', [grace.id])
    const late = ask(client, document, grace.token, true)
    await until(() => late.failures.length > 0)
    await loads.query('commit')
    loads.release()
    await client.closed()
    expect(client.closes[0]).to.equal(1013)
  })
})
