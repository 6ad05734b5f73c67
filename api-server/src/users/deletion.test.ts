import { createHash } from 'node:crypto'
import { expect } from 'chai'
import {
  addMember,
  createDocument,
  createWorkspace,
  recordChanges,
  signUp,
  type TestUser,
  testApi,
  testPassword,
} from '../testing.ts'

const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

describe('deleting an account', () => {
  const api = testApi()
  let user: TestUser
  beforeEach(async () => {
    user = await signUp(api)
  })

  const remove = (body: unknown = { password: testPassword }, as = user) =>
    api.request('DELETE', '/users/me', { token: as.token, body })
  const me = async (token: string) => (await api.request('GET', '/users/me', { token })).status
  const account = (id: string) =>
    api.owner.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  it('takes what is personal, ends every session, and is announced', async () => {
    const login = { body: { email: user.email, password: testPassword } }
    const other = (await api.request('POST', '/auth/login', login)).body
    const changes = recordChanges(api)
    expect((await remove()).status).to.equal(204)
    expect(changes).to.deep.equal([{ user_id: user.id }])
    for (const token of [user.token, other.access_token]) expect(await me(token)).to.equal(401)
    for (const refresh_token of [user.refreshToken, other.refresh_token]) {
      expect((await api.request('POST', '/auth/refresh', { body: { refresh_token } })).status).to.equal(401)
    }
    expect((await api.request('POST', '/auth/login', login)).status).to.equal(401)
    const row = await account(user.id)
    expect(row.deleted_at).to.be.instanceOf(Date)
    expect(row).to.include({ password_hash: null, avatar_url: null, display_name: 'Deleted user' })
    expect(JSON.stringify(row)).not.to.contain('Ada').and.not.contain(user.email)
    const sessions = await api.owner.selectFrom('sessions').selectAll().where('user_id', '=', user.id).execute()
    expect(sessions).to.have.length(2)
    for (const session of sessions)
      expect(session).to.include({ user_agent: null }).and.not.include({ revoked_at: null })
    expect((await remove()).status).to.equal(401)
  })

  it('frees the e-mail', async () => {
    await remove()
    const body = { email: user.email, password: testPassword, display_name: 'Ada again' }
    const again = await api.request('POST', '/auth/signup', { body })
    expect(again.status).to.equal(201)
    expect(again.body.user.id).not.to.equal(user.id)
    expect((await account(user.id)).deleted_at).to.be.instanceOf(Date)
  })

  it('deletes the workspaces that nobody else is in, leaves those of others, and what was written there stays', async () => {
    const host = await signUp(api, 'Grace')
    const own = await createWorkspace(api, user)
    const shared = await createWorkspace(api, host)
    await addMember(api, shared.id, user, 'admin')
    const document = await createDocument(api, user, shared.id)
    await api.owner.insertInto('presence').values({ document_id: document.id, user_id: user.id }).execute()
    expect((await remove()).status).to.equal(204)
    const { deleted_at } = await api.owner
      .selectFrom('workspaces')
      .select('deleted_at')
      .where('id', '=', own.id)
      .executeTakeFirstOrThrow()
    expect(deleted_at).to.be.instanceOf(Date)
    const members = await api.request('GET', `/workspaces/${shared.id}/members`, { token: host.token })
    expect(members.body.items).to.have.length(1)
    const read = await api.request('GET', `/documents/${document.id}`, { token: host.token })
    expect(read.body).to.include({ created_by: user.id, content: document.content })
    expect(await api.owner.selectFrom('presence').selectAll().where('user_id', '=', user.id).execute()).to.deep.equal(
      [],
    )
  })

  it('waits until nobody else is in the own workspaces, and says which', async () => {
    const other = await signUp(api, 'Grace')
    const [first, second] = [await createWorkspace(api, user, 'First'), await createWorkspace(api, user, 'Second')]
    const alone = await createWorkspace(api, user, 'Alone')
    for (const { id } of [first, second]) await addMember(api, id, other, 'viewer')
    const changes = recordChanges(api)
    const refused = await remove()
    expect([refused.status, refused.body.type]).to.deep.equal([409, problem('owns-workspaces')])
    expect(refused.body.workspaces).to.deep.equal([
      { id: first.id, name: 'First' },
      { id: second.id, name: 'Second' },
    ])
    expect(changes).to.deep.equal([])
    expect(await me(user.token)).to.equal(200)
    expect((await api.request('GET', `/workspaces/${alone.id}`, { token: user.token })).status).to.equal(200)

    await api.request('DELETE', `/workspaces/${first.id}`, { token: user.token })
    expect((await remove()).body.workspaces).to.deep.equal([{ id: second.id, name: 'Second' }])
    await api.request('DELETE', `/workspaces/${second.id}/members/${other.id}`, { token: user.token })
    expect((await remove()).status).to.equal(204)
  })

  for (const [body, status] of [
    [{}, 403],
    [{ password: 'Wr0ng-one' }, 403],
    [{ password: '' }, 403],
    [{ password: null }, 422],
    [{ password: testPassword, user_id: 'x' }, 422],
    [[], 422],
  ] as const) {
    it(`answers ${JSON.stringify(body)} with ${status}, and nothing is gone`, async () => {
      const own = await createWorkspace(api, user)
      const answer = await remove(body)
      expect(answer.status).to.equal(status)
      if (status === 403) expect(answer.body.type).to.equal(problem('wrong-password'))
      expect((await api.request('GET', `/workspaces/${own.id}`, { token: user.token })).status).to.equal(200)
    })
  }

  it('asks no password of somebody who signs in elsewhere', async () => {
    await api.owner
      .updateTable('users')
      .set({ password_hash: null, issuer: 'https://issuer.example.com', subject: 'somebody' })
      .where('id', '=', user.id)
      .execute()
    expect((await remove({})).status).to.equal(204)
    expect(await account(user.id)).to.include({ subject: createHash('sha256').update('somebody').digest('hex') })
  })

  it('does not tell an ended session whether the password is right', async () => {
    await api.request('POST', '/auth/logout', { token: user.token })
    for (const password of [testPassword, 'Wr0ng-one']) expect((await remove({ password })).status).to.equal(401)
  })

  it('happens once where several ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => remove()))
    expect(answers.filter(({ status }) => status === 204)).to.have.length(1)
    for (const { status } of answers) expect(status).to.be.oneOf([204, 401, 403])
  })
})
