import type { Socket } from 'node:net'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { createPool } from '@mdcreator/db/database'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { type Client, openSocket, startWorld, type TestServer, until, type World } from '../testing.ts'
import { MessageType } from '../wire/frame.ts'

describe('a document that is being loaded', () => {
  let world: World
  let server: TestServer
  let token: string
  before(async () => {
    world = await startWorld()
    server = await world.server()
    token = (await world.person('Ada')).token
  })
  afterEach(async () => {
    for (const release of releases.splice(0)) await release()
  })
  after(() => world.stop())

  const releases: (() => Promise<void>)[] = []
  /** Holds up loads. Returns what waits for one to be held up, and what lets them go on. */
  async function holdLoads() {
    const blocker = await world.owner.connect()
    await blocker.query('begin')
    await blocker.query('lock document_updates in access exclusive mode')
    const held = () =>
      until(async () => {
        const { rows } = await world.owner.query(
          `select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like 'select id as document_id%'`,
        )
        return rows.length > 0
      })
    const release = async (): Promise<void> => {
      await blocker.query('rollback')
    }
    releases.push(async () => {
      await release()
      blocker.release()
    })
    return { held, release }
  }
  const open = async (): Promise<Client> => {
    const client = world.connect(server, await world.document(), token)
    await client.synced()
    return client
  }
  const tokenFrame = (name: string): Uint8Array =>
    encoding.encode((encoder) => {
      encoding.writeVarString(encoder, name)
      encoding.writeVarUint(encoder, MessageType.Auth)
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarString(encoder, token)
    })
  /** Asks for one more document on the socket of a client. */
  const openToo = ({ websocket }: Client, name: string): HocuspocusProvider => {
    const provider = new HocuspocusProvider({ websocketProvider: websocket, name, token, document: new Y.Doc() })
    provider.attach()
    return provider
  }

  it('is asked for again where the database fails for a moment', async () => {
    let failures = 2
    const flaky: typeof createPool = (options) => {
      const pool = createPool(options)
      const query = pool.query.bind(pool) as (config: { name?: string }) => Promise<never>
      const isFailing = ({ name }: { name?: string }): boolean => name === 'load' && failures-- > 0
      return Object.assign(pool, {
        query: async (config: { name?: string }) =>
          isFailing(config) ? Promise.reject(new Error('gone')) : query(config),
      })
    }
    const client = world.connect(await world.server({ createPool: flaky }), await world.document('# Here'), token)
    await until(() => client.words() === 'Here')
    expect(failures).to.be.below(0)
    expect(client.closes).to.deep.equal([])
  })

  it('may take longer than a sign-in', async () => {
    const impatient = await world.server({ policy: { authenticationMs: 300 } })
    const loads = await holdLoads()
    const client = world.connect(impatient, await world.document(), token)
    await loads.held()
    // Whose time begins later, and ends.
    expect(await (await openSocket(impatient.url)).closed).to.equal(4401)
    expect(client.closes).to.deep.equal([])
    await loads.release()
    await client.synced()
    expect(client.closes).to.deep.equal([])
  })

  it('is not given up for another one on its socket, which is refused meanwhile', async () => {
    const loads = await holdLoads()
    const document = await world.document()
    const { ws, closed } = await openSocket(server.url)
    const refused = new Promise<void>((resolve) => {
      ws.on('message', (data: Buffer) => data.includes('not-found') && resolve())
    })
    // In one packet: what comes behind a token is not read before that one is checked.
    const { _socket: socket } = ws as unknown as { _socket: Socket }
    socket.cork()
    for (const name of [document, newId()]) ws.send(tokenFrame(name))
    socket.uncork()
    await refused
    await loads.held()
    await loads.release()
    const isOpen = until(() => server.collab.hocuspocus.documents.get(document)?.getConnectionsCount() === 1)
    expect(await Promise.race([closed, isOpen])).to.equal(undefined)
    ws.terminate()
  })

  it('and cannot be, ends its socket with 1013, for what else is open there has to come again too', async () => {
    const client = await open()
    const loads = await holdLoads()
    const deleted = await world.document()
    const other = openToo(client, deleted)
    const failures: string[] = []
    other.on('authenticationFailed', ({ reason }: { reason: string }) => failures.push(reason))
    await loads.held()
    await world.owner.query('update documents set deleted_at = now() where id = $1', [deleted])
    await loads.release()
    await client.closed()
    expect(client.closes).to.deep.equal([1013])
    await until(() => failures.includes('not-found'))
    await client.synced()
    await until(() => !server.collab.hocuspocus.documents.has(deleted))
    expect(client.closes).to.deep.equal([1013])
    other.destroy()
  })

  it('of which nobody can tell who may read it, ends its socket with 1013, and is there when the client comes again', async () => {
    const proxy = await startProxy(world.databaseUrl)
    const away = await world.server({ databaseUrl: proxy.url })
    const client = world.connect(away, await world.document(), token)
    await client.synced()
    proxy.cut()
    const other = openToo(client, await world.document())
    await client.closed()
    expect(client.closes[0]).to.equal(1013)
    proxy.restore()
    await until(() => other.synced)
    await client.synced()
    other.destroy()
    client.close()
    await away.stop()
    await proxy.stop()
  })
})
