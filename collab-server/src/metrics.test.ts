import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import * as Y from 'yjs'
import { startWorld, type TestServer, until, type World } from './testing.ts'

describe('metrics', () => {
  let world: World
  let server: TestServer
  before(async () => {
    world = await startWorld()
    server = await world.server()
  })
  after(() => world.stop())

  /** What a line of the metrics says. */
  const read = async (line: string): Promise<number | undefined> => {
    const lines = (await server.metrics.registry.metrics()).split('\n')
    const found = lines.find((other) => other.startsWith(`${line} `))
    return found === undefined ? undefined : Number(found.slice(line.length))
  }
  const reads = (line: string, value: number): Promise<void> => until(async () => (await read(line)) === value)

  it('tell who is here, and what has become of their edits', async () => {
    const person = await world.person('Ada')
    const client = world.connect(server, await world.document(), person.token)
    await client.synced()
    client.type('one edit')
    await client.synced()
    const expected = {
      'collab_sockets{protocol="hocuspocus"}': 1,
      collab_connections: 1,
      collab_documents: 1,
      collab_tail_rows: 1,
      collab_unstored_updates: 0,
      'collab_updates_total{source="client"}': 1,
      collab_append_seconds_count: 1,
      collab_append_batch_rows_sum: 1,
    }
    for (const [line, value] of Object.entries(expected)) expect(await read(line), line).to.equal(value)
    client.close()
    for (const line of ['collab_sockets{protocol="hocuspocus"}', 'collab_connections', 'collab_documents']) {
      await reads(line, 0)
    }
    await reads('collab_checkpoints_total{outcome="written"}', 1)
  })

  it('count the edits that only a look into the log has found', async () => {
    const document = await world.document()
    const client = world.connect(server, document, (await world.person('Ada')).token)
    await client.synced()
    client.type('here')
    await client.synced()
    const elsewhere = new Y.Doc()
    elsewhere.getXmlFragment('default').push([new Y.XmlText('elsewhere')])
    await world.owner.query(`insert into document_updates (document_id, data, origin) values ($1, $2, 'client')`, [
      document,
      Y.encodeStateAsUpdate(elsewhere),
    ])
    await until(() => client.words().includes('elsewhere'))
    expect(await read('collab_catch_up_repairs_total')).to.equal(1)
    expect(await read('collab_updates_total{source="peer"}')).to.equal(1)
  })

  it('time the commands of the API, by outcome', async () => {
    const request = { document_id: newId(), user_id: newId(), content: 'Text.', base_hash: '' }
    await server.bus.request('document.write-markdown', request)
    const labels = 'command="document.write-markdown",outcome="not-found"'
    expect(await read(`collab_command_seconds_count{${labels}}`)).to.equal(1)
  })
})
