import { startProxy } from '@mdcreator/db/testing-proxy'
import { requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import * as Y from 'yjs'
import { type Client, startWorld, until, type World } from '../testing.ts'

describe('while the database is away', () => {
  let world: World
  let token: string
  before(async () => {
    world = await startWorld()
    token = (await world.person('Ada')).token
  })
  after(() => world.stop())

  it('acknowledges nothing, shows nobody what is not stored, and loses nothing', async () => {
    const document = await world.document()
    const proxy = await startProxy(world.databaseUrl)
    const server = await world.server({ databaseUrl: proxy.url })
    const ada = world.connect(server, document, token)
    const ben = world.connect(server, document, token)
    const eve = world.connect(server, document, token)
    await Promise.all([ada.synced(), ben.synced(), eve.synced()])
    proxy.cut()
    ada.type('while away')
    await until(() => server.collab.unstored === 1)
    // Needs no database, and is told after all that there was to tell of Ada's edit.
    eve.provider.setAwarenessField('at', 1)
    const hears = ({ provider }: Client): boolean =>
      provider.awareness?.getStates().get(eve.document.clientID)?.['at'] === 1
    await until(() => [ada, ben].every(hears))
    expect(ada.provider.hasUnsyncedChanges).to.equal(true)
    expect(ben.words()).to.equal('')
    proxy.restore()
    await until(() => !ada.provider.hasUnsyncedChanges && ben.words() === 'while away')
    expect(ada.closes).to.deep.equal([])
    await server.stop()
    await proxy.stop()
  })

  it('or refuses an edit, ends its socket with 1013; the client comes back with it, and it is stored once it can be', async () => {
    const document = await world.document()
    const server = await world.server()
    const [client, other] = [
      world.connect(server, document, token),
      world.connect(server, await world.document(), token),
    ]
    await Promise.all([client.synced(), other.synced()])
    await world.owner.query(
      `alter table document_updates add constraint refused check (document_id <> '${document}') not valid`,
    )
    client.type('refused')
    other.type('taken')
    await client.closed()
    expect(client.closes[0]).to.equal(1013)
    await other.synced()
    expect(client.provider.hasUnsyncedChanges).to.equal(true)
    await world.owner.query('alter table document_updates drop constraint refused')
    await until(async () => (await world.logRows(document)).length === 1)
    await client.synced()
    expect(other.closes).to.deep.equal([])
  })

  it('writes the text once it is back, though nobody types any more', async () => {
    const document = await world.document()
    const proxy = await startProxy(world.databaseUrl)
    const server = await world.server({ databaseUrl: proxy.url })
    const client = world.connect(server, document, token)
    await client.synced()
    client.type('projected late')
    await client.synced()
    proxy.cut()
    // Longer than the text waits for company.
    await new Promise((resolve) => setTimeout(resolve, 900))
    proxy.restore()
    await until(async () => (await world.row(document)).content === 'projected late')
    await server.stop()
    await proxy.stop()
  })

  it('or rather its connections, which died without a word, goes on with new ones', async function () {
    this.timeout(40_000)
    requireRedis(this)
    const redis = await startRedis()
    const document = await world.document()
    const proxy = await startProxy(world.databaseUrl)
    const server = await world.server({ databaseUrl: proxy.url, redis: redis.config })
    const other = await world.server({ redis: redis.config })
    const ben = await world.person('Ben')
    const [a, b] = [world.connect(server, document, token), world.connect(server, document, ben.token)]
    const far = world.connect(other, document, token)
    await Promise.all([a.synced(), b.synced(), far.synced()])
    await redis.kill()
    proxy.silence()
    const started = performance.now()
    a.type('here')
    far.type('there')
    await world.owner.query('delete from workspace_members where user_id = $1', [ben.id])
    const seconds = async (wait: Promise<unknown>): Promise<number> => {
      await wait
      return (performance.now() - started) / 1_000
    }
    const [acknowledged, followed, closed] = await Promise.all([
      seconds(a.synced()),
      seconds(until(() => a.words().includes('there'))),
      seconds(b.closed()),
    ])
    expect(acknowledged).to.be.below(13)
    expect(followed).to.be.below(10)
    expect(closed).to.be.below(16)
    expect(b.closes[0]).to.equal(4403)
    await Promise.all([server.stop(), other.stop()])
    await proxy.stop()
    await redis.stop()
  })

  it('opens a document once the database is back', async () => {
    const document = await world.document('# Here')
    const proxy = await startProxy(world.databaseUrl)
    const server = await world.server({ databaseUrl: proxy.url })
    proxy.cut()
    const client = world.connect(server, document, token)
    await client.closed()
    expect(client.closes[0]).to.equal(1013)
    proxy.restore()
    await until(() => client.words() === 'Here')
    client.close()
    await server.stop()
    await proxy.stop()
  })

  it('stores an edit of which nobody hears that it is stored: who has the document open sees it all the same', async () => {
    const document = await world.document()
    const server = await world.server()
    const client = world.connect(server, document, token)
    await client.synced()
    // As after a commit whose answer was lost, and all later attempts with it.
    const edit = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('in doubt')])
    edit.getXmlFragment('default').push([paragraph])
    await world.owner.query(`insert into document_updates (document_id, data, origin) values ($1, $2, 'client')`, [
      document,
      Y.encodeStateAsUpdate(edit),
    ])
    await until(() => client.words() === 'in doubt')
    await until(async () => (await world.row(document)).content === 'in doubt')
    expect((await world.row(document)).epoch).to.equal(0)
    await server.stop()
  })
})
