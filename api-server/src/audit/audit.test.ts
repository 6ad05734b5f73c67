import { asAuthenticator, asUser } from '@mdcreator/db/as-user'
import { createDatabase, type Database } from '@mdcreator/db/database'
import { type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import { sql } from 'kysely'
import {
  addMember,
  createDocument,
  createWorkspace,
  type Json,
  signUp,
  type TestUser,
  testApi,
  testPassword,
  testUser,
} from '../testing.ts'

describe('the audit log', () => {
  const api = testApi()
  const owner = testUser(api)
  let workspace: Json
  beforeEach(async () => {
    workspace = await createWorkspace(api, owner)
  })

  const list = (as: TestUser, query = '') =>
    api.request('GET', `/workspaces/${workspace.id}/audit-log${query}`, { token: as.token })
  /** The actions in the workspace's log, the oldest first. */
  const actions = async (): Promise<string[]> =>
    (await list(owner)).body.items.map((item: Json) => item.action).reverse()
  /** What the log holds of a user's account: sign-ins and the like, which no endpoint shows. */
  const ofAccount = (user: { id: string }) =>
    api.owner
      .selectFrom('audit_log')
      .selectAll()
      .where('workspace_id', 'is', null)
      .where((is) => is.or([is('actor_id', '=', user.id), is('target_id', '=', user.id)]))
      .orderBy('id')
      .execute()

  it('tells of access tokens that were made and revoked, without them', async () => {
    const user = await signUp(api)
    const body = { name: 'backup', scopes: ['documents:read'] }
    const made = await api.request('POST', '/personal-access-tokens', { token: user.token, body })
    await api.request('DELETE', `/personal-access-tokens/${made.body.id}`, { token: user.token })
    const entries = (await ofAccount(user)).filter(({ target_type }) => target_type === 'access_token')
    expect(entries.map(({ action, target_id }) => [action, target_id])).to.deep.equal([
      ['access_token.created', made.body.id],
      ['access_token.revoked', made.body.id],
    ])
    expect(JSON.stringify(entries)).not.to.include(made.body.token)
  })

  it('tells who did what to whom, when, from where and in which request', async () => {
    const member = await signUp(api)
    await addMember(api, workspace.id, member, 'editor')
    await api.request('PATCH', `/workspaces/${workspace.id}/members/${member.id}`, {
      token: owner.token,
      body: { role: 'viewer' },
      headers: { 'X-Request-Id': 'request-1', 'User-Agent': 'a browser' },
    })
    const { items } = (await list(owner)).body
    const { id, at, ...entry } = items[0]
    expect(id).to.be.a('number')
    expect(Math.abs(Date.parse(at) - Date.now())).to.be.lessThan(60_000)
    expect(entry).to.deep.equal({
      action: 'member.role_changed',
      actor_id: owner.id,
      target: { type: 'user', id: member.id },
      details: { from: 'editor', to: 'viewer' },
      network: '127.0.0.1',
      user_agent: 'a browser',
      request_id: 'request-1',
    })
  })

  it('has removals, deletions and restores, and nothing of what was refused or changed nothing', async () => {
    const [first, second, viewer] = [await signUp(api), await signUp(api), await signUp(api)]
    for (const user of [first, second, viewer]) await addMember(api, workspace.id, user, 'viewer')
    const document = await createDocument(api, owner, workspace.id)
    const as = (user: TestUser, method: string, path: string) => api.request(method, path, { token: user.token })
    await as(viewer, 'DELETE', `/documents/${document.id}`)
    await as(viewer, 'DELETE', `/workspaces/${workspace.id}/members/${first.id}`)
    await as(owner, 'POST', `/documents/${document.id}/restore`)
    await as(owner, 'DELETE', `/workspaces/${workspace.id}/members/${first.id}`)
    await as(second, 'DELETE', `/workspaces/${workspace.id}/members/${second.id}`)
    await as(owner, 'DELETE', `/documents/${document.id}`)
    await as(owner, 'POST', `/documents/${document.id}/restore`)
    expect(await actions()).to.deep.equal([
      'workspace.created',
      'member.removed',
      'member.left',
      'document.deleted',
      'document.restored',
    ])
    await as(owner, 'DELETE', `/workspaces/${workspace.id}`)
    expect((await list(owner)).status).to.equal(404)
    const last = await api.owner.selectFrom('audit_log').select('action').orderBy('id', 'desc').executeTakeFirst()
    expect(last?.action).to.equal('workspace.deleted')
  })

  it('has sign-ins, refused ones too, without what was typed', async () => {
    const user = await signUp(api)
    const typed = 'my-Passw0rd@example.com'
    await api.request('POST', '/auth/login', { body: { email: user.email, password: testPassword } })
    await api.request('POST', '/auth/login', { body: { email: user.email, password: 'Wr0ng-canary' } })
    await api.request('POST', '/auth/login', { body: { email: typed, password: 'Wr0ng-canary' } })
    for (const _ of [1, 2]) await api.request('POST', '/auth/refresh', { body: { refresh_token: user.refreshToken } })
    expect((await ofAccount(user)).map(({ action, actor_id }) => [action, actor_id])).to.deep.equal([
      ['account.created', user.id],
      ['session.opened', user.id],
      ['session.opened', user.id],
      ['session.refused', null],
      ['session.token_reused', user.id],
    ])
    const all = await api.owner.selectFrom('audit_log').selectAll().execute()
    expect(all.filter(({ action, target_id }) => action === 'session.refused' && target_id === null)).to.have.length(1)
    for (const secret of [typed, 'Wr0ng-canary', testPassword, user.token, user.refreshToken]) {
      expect(JSON.stringify(all)).not.to.contain(secret)
    }
  })

  it('has sign-outs and the end of an account', async () => {
    const user = await signUp(api)
    const { body } = await api.request('POST', '/auth/login', { body: { email: user.email, password: testPassword } })
    await api.request('POST', '/auth/logout', { token: user.token })
    await api.request('DELETE', '/users/me', { token: body.access_token, body: { password: testPassword } })
    expect((await ofAccount(user)).map(({ action }) => action).slice(-2)).to.deep.equal([
      'session.ended',
      'account.deleted',
    ])
  })

  it('is for administrators of the workspace only', async () => {
    for (const role of [...roles, 'stranger'] as const) {
      const user = role === 'owner' ? owner : await signUp(api)
      if (role !== 'owner' && role !== 'stranger') await addMember(api, workspace.id, user, role)
      const expected: Record<Role | 'stranger', number> = {
        ...{ viewer: 403, commenter: 403, editor: 403, admin: 200, owner: 200, stranger: 404 },
      }
      expect((await list(user)).status, role).to.equal(expected[role])
    }
    expect((await api.request('GET', `/workspaces/${workspace.id}/audit-log`)).status).to.equal(401)
  })

  it('goes page by page', async () => {
    for (let i = 0; i < 4; i++) {
      const { id } = await createDocument(api, owner, workspace.id)
      await api.request('DELETE', `/documents/${id}`, { token: owner.token })
    }
    const first = (await list(owner, '?limit=3')).body
    const second = (await list(owner, `?limit=3&cursor=${first.next_cursor}`)).body
    const ids = [...first.items, ...second.items].map((item: Json) => item.id)
    expect(ids).to.have.length(5)
    expect(ids).to.deep.equal([...ids].sort((a, b) => b - a))
    expect(second.next_cursor).to.equal(null)
  })

  describe('in the database', () => {
    let db: Database
    before(() => {
      db = createDatabase({ url: api.databaseUrl, role: 'mdcreator_api', size: 1 })
    })
    after(() => db.destroy())

    const failure = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error: { code: string }) => error.code,
      )

    it('can be added to in one’s own name, and neither changed nor emptied', async () => {
      const stranger = await signUp(api)
      const add = (actor: string | null) =>
        asUser(db, owner.id, (trx) =>
          sql`insert into audit_log (action, actor_id) values ('member.left', ${actor})`.execute(trx),
        )
      expect(await failure(add(owner.id))).to.equal('none')
      expect(await failure(add(stranger.id))).to.equal('42501')
      expect(await failure(add(null))).to.equal('42501')
      for (const statement of [
        sql`update audit_log set action = 'member.left'`,
        sql`delete from audit_log`,
        sql`truncate audit_log`,
        sql`insert into audit_log (action, at) values ('member.left', now())`,
      ]) {
        expect(await failure(asUser(db, owner.id, (trx) => statement.execute(trx)))).to.equal('42501')
        expect(await failure(asAuthenticator(db, (trx) => statement.execute(trx)))).to.equal('42501')
      }
      expect(await failure(asAuthenticator(db, (trx) => sql`select * from audit_log`.execute(trx)))).to.equal('42501')
    })

    it('shows an administrator their own workspaces only, without any WHERE', async () => {
      const admin = await signUp(api)
      await addMember(api, workspace.id, admin, 'admin')
      const seen = (id: string) => asUser(db, id, (trx) => trx.selectFrom('audit_log').select('workspace_id').execute())
      expect(await seen(admin.id)).to.deep.equal([{ workspace_id: workspace.id }])
      expect(await seen((await signUp(api)).id)).to.deep.equal([])
    })
  })
})
