import { createDatabase, type Database } from '@mdcreator/db/database'
import { tokenVerifier } from '@mdcreator/db/token-verifier'
import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { newPersonalToken } from '@mdcreator/shared/personal-token'
import type { Scope } from '@mdcreator/shared/scopes'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { forge, type KeyServer, startKeyServer } from '@mdcreator/shared/testing-forgeries'
import type { TokenVerifier } from '@mdcreator/shared/tokens'
import { expect } from 'chai'
import { type Client, type Person, startWorld, type TestServer, until, type World } from '../testing.ts'

describe('tokens that are not of the local issuer', () => {
  let world: World
  let issuer: KeyServer
  let db: Database
  let verifier: TokenVerifier
  let server: TestServer
  before(async () => {
    world = await startWorld()
    issuer = await startKeyServer()
    db = createDatabase({ url: world.databaseUrl, role: 'mdcreator_collab', size: 2 })
    const { auth } = loadConfig(issuer.environment)
    verifier = tokenVerifier({ db, config: { issuer: 'http://localhost:8000', auth } })
    server = await world.server({ verifier })
  })
  after(async () => {
    await world.stop()
    await db.destroy()
    await issuer.stop()
  })

  const open = async (token: string, document?: string, to = server): Promise<Client> =>
    world.connect(to, document ?? (await world.document()), token)
  const refused = async (token: string, by = server): Promise<number | undefined> => {
    const client = await open(token, undefined, by)
    await client.closed()
    client.close()
    return client.closes[0]
  }

  describe("of another issuer's", () => {
    let person: Person
    before(async () => {
      person = await world.person('Ada')
      await world.owner.query('update users set issuer = $2, subject = $3 where id = $1', [
        person.id,
        issuer.issuer,
        'ada',
      ])
    })

    it('open a document, and end with their session', async () => {
      const client = await open(issuer.make({ sid: 'laptop' }))
      await client.synced()
      const { rows } = await world.owner.query('select id from sessions where user_id = $1', [person.id])
      expect(rows).to.have.length(1)
      await world.owner.query('update sessions set revoked_at = now() where id = $1', [rows[0].id])
      await server.bus.publish('access.changed', { user_id: person.id, session_id: rows[0].id })
      await client.closed()
      expect(client.closes[0]).to.equal(4401)
      client.close()
      expect(await refused(issuer.make({ sid: 'laptop', jti: 'another' }))).to.equal(4401)
      const other = await open(issuer.make({ sid: 'phone' }))
      await other.synced()
    })

    it('open nothing for somebody whom the API has not met, nor for a deleted account', async () => {
      expect(await refused(issuer.make({ sub: 'stranger' }))).to.equal(4401)
      const gone = await world.person('Gone')
      await world.owner.query('update users set issuer = $2, subject = $3, deleted_at = now() where id = $1', [
        ...[gone.id, issuer.issuer, 'gone'],
      ])
      expect(await refused(issuer.make({ sub: 'gone' }))).to.equal(4401)
    })

    it('that are forged open nothing, of whatever kind', async function () {
      this.timeout(60_000)
      // An address that fails too often is not let in at all, so each server is shown a few.
      const all = forge(issuer, 7, 33)
      for (let i = 0; i < all.length; i += 5) {
        const fresh = await world.server({ verifier })
        for (const { kind, token } of all.slice(i, i + 5)) expect(await refused(token, fresh), kind).to.equal(4401)
      }
      const client = await open(issuer.make({ sid: 'tablet' }))
      await client.synced()
    })
  })

  describe('personal', () => {
    const make = async (person: Person, scopes: Scope[], expiresAt: Date | null = null) => {
      const [id, token] = [newId(), newPersonalToken()]
      await world.owner.query(
        'insert into personal_access_tokens (id, user_id, name, token_hash, last_four, scopes, expires_at) values ($1, $2, $3, $4, $5, $6, $7)',
        [id, person.id, 'Test', hashOfSecret(token), token.slice(-4), scopes, expiresAt],
      )
      return { id, token }
    }

    it('write with both scopes, read with one, and need that one', async () => {
      const person = await world.person('Ada')
      const document = await world.document('# Read me')
      const writer = await open((await make(person, ['documents:read', 'documents:write'])).token, document)
      const reader = await open((await make(person, ['documents:read'])).token, document)
      await Promise.all([writer.synced(), until(() => reader.words() === 'Read me')])
      expect(reader.provider.authorizedScope).to.equal('readonly')
      writer.type('written')
      await writer.synced()
      await until(() => reader.words().includes('written'))
      for (const scopes of [['documents:write'], ['workspaces:read']] as Scope[][]) {
        expect(await refused((await make(person, scopes)).token)).to.equal(4403)
      }
    })

    it('give no more than the role', async () => {
      const reader = await open(
        (await make(await world.person('Rea', 'viewer'), ['documents:read', 'documents:write'])).token,
      )
      await until(() => reader.provider.authorizedScope === 'readonly')
      const stranger = await make(await world.person('Eve', null), ['documents:read'])
      expect(await refused(stranger.token)).to.equal(4403)
    })

    it('close what they opened when they are revoked, and nothing else', async () => {
      const person = await world.person('Ada')
      const { id, token } = await make(person, ['documents:read'])
      const [client, other] = [await open(token), await open((await make(person, ['documents:read'])).token)]
      await Promise.all([client.synced(), other.synced()])
      await world.owner.query('delete from personal_access_tokens where id = $1', [id])
      await server.bus.publish('access.changed', { user_id: person.id })
      await client.closed()
      expect(client.closes[0]).to.equal(4401)
      expect(other.closes).to.deep.equal([])
      client.close()
      expect(await refused(token)).to.equal(4401)
    })

    it('end with their time', async () => {
      const { token } = await make(await world.person('Ada'), ['documents:read'], new Date(Date.now() - 1_000))
      expect(await refused(token)).to.equal(4401)
      expect(await refused(newPersonalToken())).to.equal(4401)
    })
  })
})
