import { createDatabase, type Database } from '@mdcreator/db/database'
import { tokenVerifier } from '@mdcreator/db/token-verifier'
import { newId } from '@mdcreator/shared/ids'
import { roles } from '@mdcreator/shared/roles'
import { type TokenClaims, TokenError } from '@mdcreator/shared/tokens'
import { expect } from 'chai'
import { addMember, createDocument, type Json, signUp, testApi, testUser, testWorkspace } from '../testing.ts'

describe("a ticket for one document's socket", () => {
  const api = testApi()
  const user = testUser(api)
  const workspace = testWorkspace(api, user)
  let db: Database
  let document: Json
  before(async () => {
    // As where one process is both servers.
    db = createDatabase({ url: api.databaseUrl, role: 'mdcreator_api', size: 1 })
    document = await createDocument(api, user, workspace.id)
  })
  after(() => db.destroy())

  const ask = (token: string, document_id: unknown = document.id) =>
    api.request('POST', '/auth/collab-ticket', { token, body: { document_id } })
  /** What the collab server learns of it. */
  const redeem = (ticket: string, documentId = document.id): Promise<TokenClaims> =>
    tokenVerifier({ db, config: api.config }).verifyForDocument(ticket, documentId)
  const refusal = (ticket: string, documentId?: string): Promise<unknown> =>
    redeem(ticket, documentId).catch((error: unknown) => error)
  const personalToken = async (scopes: string[], expires_at: string | null = null): Promise<Json> => {
    const body = { name: 'Editor', scopes, expires_at }
    return (await api.request('POST', '/personal-access-tokens', { token: user.token, body })).body
  }

  it('is good for that document and session, once', async () => {
    const answer = await ask(user.token)
    expect(answer.status).to.equal(201)
    expect(answer.headers.get('Cache-Control')).to.equal('no-store')
    expect(Object.keys(answer.body)).to.have.members(['ticket', 'expires_in'])
    const { ticket, expires_in } = answer.body
    expect(ticket).to.match(/^mdt_[\w-]{43}$/)
    expect(expires_in).to.equal(30)
    const claims = await redeem(ticket)
    expect(claims).to.include({ sub: user.id, token_use: 'collab', doc: document.id })
    expect(claims).to.include({ sid: user.refreshToken.split('.')[0] })
    // As long as a token for the document.
    expect(claims.exp - Date.now() / 1000).to.be.within(290, 300)
    const again = await refusal(ticket)
    expect(again).to.be.instanceOf(TokenError)
    expect(again).to.include({ expired: false })
    const elsewhere = (await ask(user.token)).body.ticket
    for (const id of [newId(), document.id]) expect(await refusal(elsewhere, id)).to.be.instanceOf(TokenError)
  })

  it('is never kept as it is, and good for 30 seconds', async () => {
    const { ticket } = (await ask(user.token)).body
    const rows = await api.owner.selectFrom('document_tickets').selectAll().execute()
    expect(rows).to.have.length(1)
    for (const value of Object.values(rows[0] as object)) {
      expect(Buffer.isBuffer(value) ? value.toString() : JSON.stringify(value)).not.to.contain(ticket.slice(4))
    }
    const { expires_at, ends_at } = rows[0] as (typeof rows)[number]
    expect(ends_at.getTime() - expires_at.getTime()).to.equal(270_000)
    await api.owner
      .updateTable('document_tickets')
      .set({ expires_at: new Date(expires_at.getTime() - 30_000) })
      .execute()
    expect(await refusal(ticket)).to.be.instanceOf(TokenError)
  })

  it('opens no endpoint', async () => {
    const { ticket } = (await ask(user.token)).body
    expect((await api.request('GET', '/users/me', { token: ticket })).status).to.equal(401)
    expect((await ask(ticket)).status).to.equal(401)
    expect(await redeem(ticket)).to.include({ sub: user.id })
  })

  it('is for every role that may read, and for nobody else', async () => {
    for (const role of roles.filter((name) => name !== 'owner')) {
      const member = await signUp(api)
      await addMember(api, workspace.id, member, role)
      expect((await ask(member.token)).status, role).to.equal(201)
    }
    expect((await ask((await signUp(api)).token)).status).to.equal(404)
    expect((await ask(user.token, newId())).status).to.equal(404)
    const gone = await createDocument(api, user, workspace.id)
    await api.request('DELETE', `/documents/${gone.id}`, { token: user.token })
    expect((await ask(user.token, gone.id)).status).to.equal(404)
    for (const bad of ['x', null, '*', [document.id]]) expect((await ask(user.token, bad)).status).to.equal(422)
  })

  it('says which personal access token asked, which needs the scope to read, and ends with it', async () => {
    expect((await ask((await personalToken(['documents:write'])).token)).status).to.equal(403)
    const reader = await personalToken(['documents:read'])
    const claims = await redeem((await ask(reader.token)).body.ticket)
    expect(claims).to.deep.include({ token_use: 'personal', sub: user.id, tid: reader.id, scopes: ['documents:read'] })
    expect(claims.exp - Date.now() / 1000).to.be.within(290, 300)
    const ends = new Date(Date.now() + 60_000)
    const brief = await personalToken(['documents:read'], ends.toISOString())
    expect((await redeem((await ask(brief.token)).body.ticket)).exp).to.equal(ends.getTime() / 1000)
    const { ticket } = (await ask(reader.token)).body
    await api.request('DELETE', `/personal-access-tokens/${reader.id}`, { token: user.token })
    expect(await refusal(ticket)).to.be.instanceOf(TokenError)
  })
})
