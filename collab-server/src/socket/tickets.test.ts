import { newTicket } from '@mdcreator/shared/document-ticket'
import { newId } from '@mdcreator/shared/ids'
import { newPersonalToken } from '@mdcreator/shared/personal-token'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { expect } from 'chai'
import type { RefusedReason } from '../metrics.ts'
import { openSocket, type Person, startWorld, type TestServer, until, type World } from '../testing.ts'
import { type Maker, makeTicket, openSession } from './testing-tickets.ts'
import { connectYWebsocket, type YWebsocketClient, yWebsocketUrl } from './testing-y-websocket.ts'

describe('tickets', () => {
  let world: World
  let server: TestServer
  /** Another server on the same database; nothing else joins the two. */
  let other: TestServer
  let ada: Person
  let session: Extract<Maker, { sessionId: string }>
  let document: string
  const clients: YWebsocketClient[] = []
  before(async () => {
    world = await startWorld()
    server = await world.server()
    other = await world.server()
  })
  beforeEach(async () => {
    document = await world.document()
    ada = await world.person('Ada')
    session = await openSession(world, ada.id)
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })
  after(() => world.stop())

  const ticketFor = (maker: Maker = session, times = {}): Promise<string> => makeTicket(world, maker, document, times)
  const connect = (ticket: string, to = server): YWebsocketClient => {
    const client = connectYWebsocket(to, document, '', { params: { ticket } })
    clients.push(client)
    return client
  }
  /** What becomes of a socket: it is open where its first question is answered, or closed with a code. */
  const outcome = async (ticket: string, { to = server, id = document } = {}): Promise<'open' | number> => {
    const { ws, closed } = await openSocket(`${yWebsocketUrl(to)}/${id}?ticket=${ticket}`)
    const answered = new Promise<'open'>((resolve) => ws.once('message', () => resolve('open')))
    // Step 1 of the sync, with an empty state vector.
    ws.send(Uint8Array.of(0, 0, 1, 0))
    const result = await Promise.race([answered, closed])
    ws.terminate()
    return result
  }
  const refused = async (by: TestServer, reason: RefusedReason): Promise<number> => {
    const { values } = await by.metrics.refused.get()
    return values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0
  }
  const closeOf = async (client: YWebsocketClient): Promise<number | undefined> => {
    await client.closed()
    return client.closes[0]
  }

  it('open a document for an editor, once', async () => {
    const ticket = await ticketFor()
    const client = connect(ticket)
    await client.synced()
    client.document.getText('text').insert(0, 'written')
    await until(async () => (await world.logRows(document)).length === 1)
    expect(await outcome(ticket)).to.equal(4001)
    expect(await outcome(ticket, { to: other })).to.equal(4001)
    expect(client.closes).to.deep.equal([])
  })

  it('are not taken when they are too old, or made up, and a token in the place of one is not either', async () => {
    expect(await outcome(await ticketFor(session, { expires: -0.001 }))).to.equal(4001)
    for (const bad of [newTicket(), 'mdt_short', '', ada.token]) expect(await outcome(bad), bad).to.equal(4001)
    const { closed } = await openSocket(`${yWebsocketUrl(server)}/${document}?token=${ada.token}&ticket=${newTicket()}`)
    expect(await closed).to.equal(4001)
  })

  it('are worth nothing for another document, and nothing for their own after that', async () => {
    const ticket = await ticketFor()
    expect(await outcome(ticket, { id: await world.document() })).to.equal(4001)
    expect(await outcome(ticket)).to.equal(4001)
    expect(await outcome(await ticketFor())).to.equal('open')
  })

  it('open one connection where two servers are shown one at the same moment', async () => {
    for (let i = 0; i < 15; i++) {
      const ticket = await ticketFor()
      const outcomes = await Promise.all([outcome(ticket), outcome(ticket, { to: other })])
      expect(outcomes).to.have.members(['open', 4001])
    }
  })

  it('count as failed sign-ins where they are bad, and the address has to wait', async () => {
    const strict = await world.server()
    const good = await ticketFor()
    for (let i = 0; i <= 20; i++) expect(await outcome(newTicket(), { to: strict })).to.equal(4001)
    const { isOpen } = await openSocket(`${yWebsocketUrl(strict)}/${document}?ticket=${good}`)
    expect(isOpen).to.equal(false)
    expect([await refused(strict, 'signin'), await refused(strict, 'address-failures')]).to.deep.equal([21, 1])
  })

  it('give what the role gives', async () => {
    const reader = await openSession(world, (await world.person('Rea', 'viewer')).id)
    const before = await refused(server, 'read-only')
    const client = connect(await ticketFor(reader))
    await client.synced()
    client.document.getText('text').insert(0, 'not allowed')
    await until(async () => (await refused(server, 'read-only')) > before)
    expect(await world.logRows(document)).to.deep.equal([])
    const stranger = await openSession(world, (await world.person('Eve', null)).id)
    expect(await outcome(await ticketFor(stranger))).to.equal(4003)
  })

  it('end with their session, before they are used and after', async () => {
    const [client, kept] = [connect(await ticketFor()), connect(await ticketFor(await openSession(world, ada.id)))]
    await Promise.all([client.synced(), kept.synced()])
    const unused = await ticketFor()
    await world.owner.query('update sessions set revoked_at = now() where id = $1', [session.sessionId])
    await server.bus.publish('access.changed', { user_id: ada.id, session_id: session.sessionId })
    expect(await closeOf(client)).to.equal(4001)
    expect(await outcome(unused)).to.equal(4001)
    expect(kept.closes).to.deep.equal([])
  })

  it('let nobody stay who is removed', async () => {
    const client = connect(await ticketFor())
    await client.synced()
    await world.owner.query('delete from workspace_members where user_id = $1', [ada.id])
    const removed = performance.now()
    await server.bus.publish('access.changed', { workspace_id: world.workspaceId, user_id: ada.id })
    expect(await closeOf(client)).to.equal(4003)
    expect(performance.now() - removed).to.be.below(1_000)
  })

  it('open connections that end', async () => {
    const client = connect(await ticketFor(session, { ends: 2 }))
    await client.synced()
    expect(await closeOf(client)).to.equal(4001)
  })

  describe('of personal access tokens', () => {
    const makeToken = async (scopes: string[]): Promise<Maker & { tokenId: string }> => {
      const tokenId = newId()
      await world.owner.query(
        `insert into personal_access_tokens (id, user_id, name, token_hash, last_four, scopes)
         values ($1, $2, 'Test', $3, 'abcd', $4)`,
        [tokenId, ada.id, hashOfSecret(newPersonalToken()), scopes],
      )
      return { userId: ada.id, tokenId }
    }

    it('give what the scopes give', async () => {
      const before = await refused(server, 'read-only')
      const reader = connect(await ticketFor(await makeToken(['documents:read'])))
      await reader.synced()
      reader.document.getText('text').insert(0, 'not allowed')
      await until(async () => (await refused(server, 'read-only')) > before)
      expect(await world.logRows(document)).to.deep.equal([])
      const writer = connect(await ticketFor(await makeToken(['documents:read', 'documents:write'])))
      await writer.synced()
      writer.document.getText('text').insert(0, 'allowed')
      await until(async () => (await world.logRows(document)).length === 1)
      expect(await outcome(await ticketFor(await makeToken(['workspaces:read'])))).to.equal(4003)
    })

    it('end with the token that is revoked, before they are used and after', async () => {
      const token = await makeToken(['documents:read'])
      const client = connect(await ticketFor(token))
      await client.synced()
      const unused = await ticketFor(token)
      await world.owner.query('delete from personal_access_tokens where id = $1', [token.tokenId])
      await server.bus.publish('access.changed', { user_id: ada.id })
      expect(await closeOf(client)).to.equal(4001)
      expect(await outcome(unused)).to.equal(4001)
    })
  })

  it('are shown again by a provider that connects again, if nobody gives it another', async () => {
    const client = connect(await ticketFor())
    await client.synced()
    client.provider.ws?.close()
    await until(() => client.closes.includes(4001))
  })

  it('are fetched anew before the provider connects again', async () => {
    const client = connect(await ticketFor())
    const { provider } = client
    // As docs/operating.md says, without the pause.
    provider.on('connection-close', async () => {
      if (!provider.shouldConnect) return
      provider.shouldConnect = false
      provider.params = { ticket: await ticketFor() }
      provider.connect()
    })
    await client.synced()
    client.document.getText('text').insert(0, 'before')
    for (let i = 0; i < 3; i++) {
      provider.ws?.close()
      await until(() => !provider.synced)
      await client.synced()
    }
    client.document.getText('text').insert(0, 'after ')
    const reader = connect(await ticketFor())
    await until(() => reader.document.getText('text').toString() === 'after before')
    expect(client.closes).not.to.include(4001)
  })
})
