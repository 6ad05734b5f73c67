import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { type Client, type Person, signToken, startWorld, type TestServer, until, type World } from '../testing.ts'

describe('rights that change while a document is open', () => {
  let world: World
  let server: TestServer
  let document: string
  before(async () => {
    world = await startWorld()
    server = await world.server()
    document = await world.document()
  })
  // Who was shut out would knock again and again.
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })
  after(() => world.stop())

  const clients: Client[] = []
  /** A token that is a function is asked for each time. */
  const join = async (person: Person, token: string | (() => string) = person.token): Promise<Client> => {
    const client = world.connect(server, document, token)
    clients.push(client)
    await client.synced()
    return client
  }
  const setRole = (person: Person, role: string) =>
    world.owner.query('update workspace_members set role = $2 where user_id = $1', [person.id, role])
  const announce = (event: Parameters<TestServer['bus']['publish']>[1]) => server.bus.publish('access.changed', event)
  const paragraphs = async (): Promise<number> =>
    (await world.logRows(document)).length + Number((await world.row(document)).epoch)

  it('closes the socket of somebody who is removed, within a second, while others stay', async () => {
    const ada = await world.person('Ada')
    const grace = await world.person('Grace')
    const [a, g] = await Promise.all([join(ada), join(grace)])
    const typing = setInterval(() => a.type('more'), 20)
    await world.owner.query('delete from workspace_members where user_id = $1', [ada.id])
    const removed = performance.now()
    await announce({ workspace_id: world.workspaceId, user_id: ada.id })
    await a.closed()
    expect(performance.now() - removed).to.be.below(1_000)
    clearInterval(typing)
    expect(a.closes[0]).to.equal(4403)
    await until(() => a.failures.includes('forbidden'))
    const stored = await paragraphs()
    g.type('still here')
    await g.synced()
    expect(await paragraphs()).to.equal(stored + 1)
    expect(g.closes).to.deep.equal([])
  })

  it('makes a reader of somebody, and a writer again, on the open socket', async () => {
    const ada = await world.person('Ada')
    const a = await join(ada)
    await setRole(ada, 'viewer')
    await announce({ user_id: ada.id })
    await until(() => a.provider.authorizedScope === 'readonly')
    const before = await paragraphs()
    a.type('not any more')
    await until(() => a.provider.unsyncedChanges === 1)
    expect(await paragraphs()).to.equal(before)
    await setRole(ada, 'editor')
    await announce({ user_id: ada.id })
    await until(() => a.provider.authorizedScope === 'read-write')
    a.provider.forceSync()
    await until(async () => (await paragraphs()) > before)
    expect(a.closes).to.deep.equal([])
  })

  it('ends the sockets of a session that has ended, and only those', async () => {
    const ada = await world.person('Ada')
    const sessions = [newId(), newId()]
    for (const id of sessions) {
      await world.owner.query(
        `insert into sessions (id, user_id, refresh_token_hash, expires_at) values ($1, $2, '', now() + interval '1 h')`,
        [id, ada.id],
      )
    }
    const [first, second] = await Promise.all(
      sessions.map(async (sid) => join(ada, await signToken({ sub: ada.id, sid }))),
    )
    await world.owner.query('update sessions set revoked_at = now() where id = $1', [sessions[0]])
    await announce({ user_id: ada.id, session_id: sessions[0] })
    await first?.closed()
    expect(first?.closes[0]).to.equal(4401)
    second?.type('on the other device')
    await second?.synced()
    expect(second?.closes).to.deep.equal([])
  })

  it('ends the sockets of an account, and of a workspace, that is deleted', async () => {
    const ada = await world.person('Ada')
    const a = await join(ada)
    await world.owner.query('update users set deleted_at = now() where id = $1', [ada.id])
    await announce({ user_id: ada.id })
    await a.closed()
    expect(a.closes[0]).to.equal(4401)

    const other = await startWorld()
    const elsewhere = await other.server()
    const person = await other.person('Grace')
    const g = other.connect(elsewhere, await other.document(), person.token)
    await g.synced()
    await other.owner.query('update workspaces set deleted_at = now()')
    await elsewhere.bus.publish('access.changed', { workspace_id: other.workspaceId })
    await g.closed()
    expect(g.closes[0]).to.equal(4404)
    await other.stop()
  })

  it('follows a document into another workspace', async () => {
    const [ada, grace] = [await world.person('Ada'), await world.person('Grace')]
    const elsewhere = await world.workspace(ada)
    await world.owner.query(`insert into workspace_members values ($1, $2, 'viewer')`, [elsewhere, grace.id])
    const moved = await world.document()
    const client = world.connect(server, moved, grace.token)
    clients.push(client)
    await client.synced()
    await world.owner.query('update documents set workspace_id = $2 where id = $1', [moved, elsewhere])
    await announce({ document_id: moved })
    await until(() => client.provider.authorizedScope === 'readonly')
    await world.owner.query('delete from workspace_members where workspace_id = $1 and user_id = $2', [
      ...[elsewhere, grace.id],
    ])
    await announce({ workspace_id: elsewhere, user_id: grace.id })
    await client.closed()
    expect(client.closes[0]).to.equal(4403)
  })

  it('believes the database, not the announcement', async () => {
    const ada = await world.person('Ada')
    const a = await join(ada)
    for (const event of [{ user_id: ada.id }, { document_id: document }, { workspace_id: world.workspaceId }]) {
      await announce(event)
    }
    a.type('nothing has changed')
    await a.synced()
    expect(a.closes).to.deep.equal([])
  })

  it('shuts out who is removed between the look at the rights and the load of the document', async () => {
    const ada = await world.person('Ada')
    const unread = await world.document()
    const blocker = await world.owner.connect()
    await blocker.query('begin')
    await blocker.query('lock document_updates in access exclusive mode')
    const client = world.connect(server, unread, ada.token)
    clients.push(client)
    await until(async () => {
      const { rows } = await world.owner.query(
        `select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like 'select id as document_id%'`,
      )
      return rows.length > 0
    })
    await world.owner.query('delete from workspace_members where user_id = $1', [ada.id])
    await announce({ workspace_id: world.workspaceId, user_id: ada.id })
    await blocker.query('rollback')
    blocker.release()
    await client.closed()
    expect(client.closes[0]).to.equal(4403)
  })

  describe('a token that ends', () => {
    const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

    it('is asked for again in time', async () => {
      const ada = await world.person('Ada')
      const expiresAt = inSeconds(3)
      const tokens = [ada.token, await signToken({ sub: ada.id, exp: expiresAt })]
      const client = await join(ada, () => tokens.pop() as string)
      await until(() => Date.now() > expiresAt * 1000)
      expect(tokens).to.deep.equal([])
      client.type('with the new one')
      await client.synced()
      expect(client.closes).to.deep.equal([])
    })

    it('ends the socket where there is no other, and takes no write after it', async () => {
      const ada = await world.person('Ada')
      const expiresAt = inSeconds(2)
      const client = await join(ada, await signToken({ sub: ada.id, exp: expiresAt }))
      const typing = setInterval(() => client.type('until the end'), 20)
      await client.closed()
      clearInterval(typing)
      expect(client.closes[0]).to.equal(4401)
      expect(Date.now()).to.be.within(expiresAt * 1000 - 50, expiresAt * 1000 + 1_000)
      await until(() => client.failures.includes('token-expired'))
      const rows = await world.logRows(document)
      const last = Math.max(...rows.map((row) => row.created_at.getTime()))
      expect(last).to.be.below(expiresAt * 1000 + 50)
    })

    it('may not become somebody else’s', async () => {
      const [ada, grace] = [await world.person('Ada'), await world.person('Grace')]
      const tokens = [grace.token, await signToken({ sub: ada.id, exp: inSeconds(3) })]
      const client = await join(ada, () => tokens.pop() as string)
      await client.closed()
      expect(client.closes[0]).to.equal(4401)
    })
  })
})
