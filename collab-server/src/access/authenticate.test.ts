import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { signToken, startWorld, type TestServer, until, type World } from '../testing.ts'
import { MessageType, SyncType } from '../wire/frame.ts'

/** What the server answers to an edit. */
const syncStatusType = 8

describe('opening a document', () => {
  let world: World
  let server: TestServer
  before(async () => {
    world = await startWorld()
    server = await world.server()
  })
  after(() => world.stop())

  const refused = async (
    documentId: string,
    token: string,
  ): Promise<{ code: number | undefined; reason: string | undefined }> => {
    const client = world.connect(server, documentId, token)
    await client.closed()
    client.close()
    return { code: client.closes[0], reason: client.failures[0] }
  }

  it('lets an editor in, and two editors see each other type', async () => {
    const document = await world.document()
    const ada = world.connect(server, document, (await world.person('Ada')).token)
    const ben = world.connect(server, document, (await world.person('Ben')).token)
    await Promise.all([ada.synced(), ben.synced()])
    ada.type('from Ada')
    await until(() => ben.words() === 'from Ada')
    ben.type('from Ben')
    await until(() => ada.words().includes('from Ben'))
    expect(ada.words()).to.equal(ben.words())
  })

  it('closes with 4401 for a token that is no token, forged, expired, or meant for something else', async () => {
    const document = await world.document()
    const { id, token } = await world.person('Ada')
    const [head, body] = token.split('.')
    const bad = {
      garbage: 'garbage',
      empty: '',
      unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
      forged: `${head}.${body}.${'A'.repeat(86)}`,
      expired: await signToken({ sub: id, exp: 1_700_000_000 }),
      'of another audience': await signToken({ sub: id, aud: 'other' }),
      'of another issuer': await signToken({ sub: id, iss: 'https://issuer.example' }),
      'for something else': await signToken({ sub: id, token_use: 'id' }),
      'of nobody': await signToken({ sub: newId() }),
    }
    for (const [name, value] of Object.entries(bad)) {
      expect((await refused(document, value)).code, name).to.equal(4401)
    }
  })

  it('tells an expired token from a bad one', async () => {
    const { id } = await world.person('Ada')
    const answer = await refused(await world.document(), await signToken({ sub: id, exp: 1_700_000_000 }))
    expect(answer.reason).to.equal('token-expired')
  })

  it('closes with 4403 for somebody who is no member', async () => {
    expect((await refused(await world.document(), (await world.person('Eve', null)).token)).code).to.equal(4403)
  })

  it('closes with 4404 where there is no such document, it is deleted, or its name is no canonical UUID', async () => {
    const { token } = await world.person('Ada')
    const deleted = await world.document()
    await world.owner.query('update documents set deleted_at = now() where id = $1', [deleted])
    const present = await world.document()
    for (const name of [newId(), deleted, present.toUpperCase(), 'default', '__proto__', `${present}x`, '../../etc']) {
      expect((await refused(name, token)).code, name).to.equal(4404)
    }
  })

  it('closes with 4401 once the session has ended', async () => {
    const { id } = await world.person('Ada')
    const sid = newId()
    await world.owner.query(
      `insert into sessions (id, user_id, refresh_token_hash, expires_at, revoked_at) values ($1, $2, '\\x00', now() + interval '1 day', now())`,
      [sid, id],
    )
    const token = await signToken({ sub: id, ...{ sid } })
    expect((await refused(await world.document(), token)).code).to.equal(4401)
  })

  for (const role of ['viewer', 'commenter'] as const) {
    it(`lets a ${role} read, and neither applies nor acknowledges what they type`, async () => {
      const document = await world.document('# Read me')
      const reader = world.connect(server, document, (await world.person('Rea', role)).token)
      const writer = world.connect(server, document, (await world.person('Ada')).token)
      await Promise.all([writer.synced(), until(() => reader.words() === 'Read me')])
      expect(reader.provider.authorizedScope).to.equal('readonly')
      const rows = (await world.logRows(document)).length
      reader.type('not allowed')
      writer.type('allowed')
      await until(() => reader.words().includes('allowed') && writer.provider.unsyncedChanges === 0)
      expect(reader.provider.unsyncedChanges).to.be.greaterThan(0)
      expect(writer.words()).to.equal('Read me  allowed')
      expect(await world.logRows(document)).to.have.length(rows + 1)
    })
  }

  it('takes nothing of what a reader brings along, in whatever message', async () => {
    const document = await world.document()
    const { token } = await world.person('Rea', 'viewer')
    const before = new Y.Doc()
    before.getText('brought').insert(0, 'along')
    // The provider answers the server's first question with all that it has.
    const reader = world.connect(server, document, token, before)
    const writer = world.connect(server, document, (await world.person('Ada')).token)
    await Promise.all([writer.synced(), until(() => reader.provider.isSynced)])
    const statuses: number[] = []
    reader.websocket.on('message', ({ data }: { data: ArrayBuffer }) => {
      const message = new Uint8Array(data).subarray(1 + document.length)
      if (message[0] === syncStatusType) statuses.push(message[1] as number)
    })
    const kinds = [MessageType.Sync, MessageType.SyncReply].flatMap((type) =>
      [SyncType.Step2, SyncType.Update].map((step) => [type, step] as const),
    )
    for (const [type, step] of kinds) {
      const frame = encoding.encode((encoder) => {
        encoding.writeVarString(encoder, document)
        encoding.writeVarUint(encoder, type)
        encoding.writeVarUint(encoder, step)
        encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(before))
      })
      reader.websocket.webSocket?.send(frame as never)
    }
    await until(() => statuses.length >= kinds.length)
    expect(new Set(statuses)).to.deep.equal(new Set([0]))
    writer.type('after them')
    await writer.synced()
    expect(await world.logRows(document)).to.have.length(1)
    expect(writer.document.getText('brought').toString()).to.equal('')
  })

  it('shows everybody under the name of their account, whatever they call themselves', async () => {
    const document = await world.document()
    const person = await world.person('Ada')
    const ada = world.connect(server, document, person.token)
    const ben = world.connect(server, document, (await world.person('Ben')).token)
    await Promise.all([ada.synced(), ben.synced()])
    ada.provider.setAwarenessField('user', { name: 'Somebody else', color: 'red' })
    const seen = (): Record<string, unknown> | undefined =>
      ben.provider.awareness?.getStates().get(ada.document.clientID)?.['user'] as Record<string, unknown> | undefined
    await until(() => seen() !== undefined)
    expect(seen()).to.include({ id: person.id, name: 'Ada', avatar_url: null })
    expect(seen()?.['color']).to.match(/^#[0-9a-f]{6}$/)
  })
})
