import { expect } from 'chai'
import { startWorld, type TestServer, until, type World } from '../testing.ts'

describe('a document that is unloaded', () => {
  let world: World
  let server: TestServer
  let token: string
  before(async () => {
    world = await startWorld()
    server = await world.server()
    token = (await world.person('Ada')).token
  })
  after(() => world.stop())

  /** Holds up every write to a table. Returns what lets them go on. */
  async function hold(table: 'documents' | 'document_updates'): Promise<() => Promise<void>> {
    const client = await world.owner.connect()
    await client.query('begin')
    await client.query(`lock table ${table} in exclusive mode`)
    return async () => {
      await client.query('commit')
      client.release()
    }
  }

  it('waits for the edit of somebody who came and left meanwhile: whoever comes next sees it', async () => {
    const document = await world.document()
    const { documents, unloadingDocuments } = server.collab.hocuspocus
    const first = world.connect(server, document, token)
    await first.synced()
    first.type('first')
    await first.synced()
    const projection = await hold('documents')
    first.close()
    await until(() => unloadingDocuments.has(document))
    const loaded = documents.get(document)

    const second = world.connect(server, document, token)
    await second.synced()
    const commits = await hold('document_updates')
    second.type('second')
    await until(() => server.collab.unstored === 1)
    second.close()
    await until(() => loaded?.getConnectionsCount() === 0)
    await projection()
    await until(async () => (await world.row(document)).content === 'first')

    const third = world.connect(server, document, token)
    await until(() => third.provider.isSynced)
    expect(documents.get(document)).to.equal(loaded)
    await commits()
    await until(() => third.words().includes('second'))
  })

  it('does not take one of its name with it that was loaded since', async () => {
    const document = await world.document()
    const { hocuspocus } = server.collab
    const connection = await hocuspocus.openDirectConnection(document)
    const old = connection.document
    if (!old) throw new Error('The document is not open')
    await connection.disconnect()
    const client = world.connect(server, document, token)
    await client.synced()
    const current = hocuspocus.documents.get(document)
    expect(current).to.not.equal(old)
    await hocuspocus.unloadDocument(old)
    expect(hocuspocus.documents.get(document)).to.equal(current)
  })

  it('in the moment in which somebody opens it is opened anew', async () => {
    const document = await world.document('# Here')
    const connection = await server.collab.hocuspocus.openDirectConnection(document)
    const old = connection.document
    // As far as Hocuspocus has come when it hands out a document that it is unloading.
    old?.removeDirectConnection()
    old?.destroy()
    const client = world.connect(server, document, token)
    await client.closed()
    expect(client.closes[0]).to.equal(1013)
    await until(() => client.words() === 'Here')
  })
})
