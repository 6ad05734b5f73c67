import { tokenVerifier } from '@mdcreator/db/token-verifier'
import { newId } from '@mdcreator/shared/ids'
import { roles } from '@mdcreator/shared/roles'
import { TokenError } from '@mdcreator/shared/tokens'
import { expect } from 'chai'
import {
  addMember,
  createDocument,
  type Json,
  signUp,
  type TestUser,
  testApi,
  testUser,
  testWorkspace,
} from '../testing.ts'

describe("a token for one document's socket", () => {
  const api = testApi()
  const user = testUser(api)
  const workspace = testWorkspace(api, user)
  let document: Json
  before(async () => {
    document = await createDocument(api, user, workspace.id)
  })

  const ask = (as: TestUser, document_id: unknown = document.id) =>
    api.request('POST', '/auth/collab-token', { token: as.token, body: { document_id } })

  it('lives five minutes, and is good for that document and session', async () => {
    const answer = await ask(user)
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('Cache-Control')).to.equal('no-store')
    expect(Object.keys(answer.body)).to.have.members(['token', 'expires_in'])
    expect(answer.body.expires_in).to.equal(300)
    const verifier = tokenVerifier({ db: api.owner, config: api.config })
    const claims = await verifier.verifyForDocument(answer.body.token, document.id)
    expect(claims).to.include({ sub: user.id, token_use: 'collab', doc: document.id })
    expect(claims).to.include({ sid: user.refreshToken.split('.')[0] })
    expect(claims.exp - Date.now() / 1000).to.be.within(290, 300)
    const elsewhere = await verifier.verifyForDocument(answer.body.token, newId()).catch((error: unknown) => error)
    expect(elsewhere).to.be.instanceOf(TokenError)
  })

  it('opens no endpoint, not even the one that made it', async () => {
    const { token } = (await ask(user)).body
    for (const [method, path] of [
      ['GET', '/users/me'],
      ['GET', `/documents/${document.id}`],
      ['POST', '/auth/logout'],
      ['DELETE', '/users/me'],
    ] as const) {
      expect((await api.request(method, path, { token })).status, path).to.equal(401)
    }
    expect((await ask({ ...user, token })).status).to.equal(401)
    expect((await ask(user)).status).to.equal(200)
  })

  it('is for every role that may read, and for nobody else', async () => {
    for (const role of roles.filter((name) => name !== 'owner')) {
      const member = await signUp(api)
      await addMember(api, workspace.id, member, role)
      expect((await ask(member)).status, role).to.equal(200)
    }
    expect((await ask(await signUp(api))).status).to.equal(404)
    expect((await ask(user, newId())).status).to.equal(404)
    const gone = await createDocument(api, user, workspace.id)
    await api.request('DELETE', `/documents/${gone.id}`, { token: user.token })
    expect((await ask(user, gone.id)).status).to.equal(404)
    for (const bad of ['x', null, '*', [document.id]]) expect((await ask(user, bad)).status).to.equal(422)
  })
})
