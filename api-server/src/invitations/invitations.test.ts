import { asUser } from '@mdcreator/db/as-user'
import { newId } from '@mdcreator/shared/ids'
import { can, type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import {
  addMember,
  createWorkspace,
  type Json,
  recordChanges,
  signUp,
  startApi,
  type TestApi,
  type TestUser,
  testIssuer,
} from '../testing.ts'
import { acceptInvitation } from './invitations.queries.ts'
import { hashOf, newToken } from './tokens.ts'

const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

describe('invitations', () => {
  let api: TestApi
  const people = {} as Record<Role, TestUser>
  let workspace: Json
  let guest: TestUser
  before(async () => {
    api = await startApi()
    for (const role of roles) people[role] = await signUp(api, role)
  })
  after(() => api.stop())
  beforeEach(async () => {
    guest = await signUp(api, 'guest')
    workspace = await createWorkspace(api, people.owner, 'Field <notes>')
    for (const role of roles) if (role !== 'owner') await addMember(api, workspace.id, people[role], role)
  })

  const path = () => `/workspaces/${workspace.id}/invitations`
  const post = (as: TestUser, body: unknown) => api.request('POST', path(), { token: as.token, body })
  const list = (as: TestUser, query = '') => api.request('GET', path() + query, { token: as.token })
  const take = (as: TestUser, id: string) => api.request('DELETE', `${path()}/${id}`, { token: as.token })
  const look = (token: string) => api.request('GET', `/invitations/${token}`)
  const accept = (as: TestUser, token: string) =>
    api.request('POST', `/invitations/${token}/accept`, { token: as.token })
  const outcome = ({ status, body }: { status: number; body: Json }) => [status, body?.type, body?.state]
  const tokensMailed = async (email: string): Promise<string[]> => {
    const mails = (await api.mailsTo(email)).map((mail) => mail.replaceAll(/=\r\n/g, ''))
    return mails.map((mail) => /\/#\/invitations\/([\w-]{43})/.exec(mail)?.[1] ?? 'none')
  }
  /** Invites, and gives the token of the mail. */
  const invite = async (as = people.admin, email = guest.email, role = 'editor'): Promise<string> => {
    expect((await post(as, { email, role })).status).to.equal(201)
    return (await tokensMailed(email)).at(-1) ?? 'none'
  }
  const roleOf = async (user: TestUser) => {
    const rows = await api.owner
      .selectFrom('workspace_members')
      .select('role')
      .where('workspace_id', '=', workspace.id)
      .where('user_id', '=', user.id)
      .execute()
    return rows.map(({ role }) => role)
  }

  it('go by mail, and make the invited a member with that role', async () => {
    const changes = recordChanges(api)
    const answer = await post(people.admin, { email: ` ${guest.email.toUpperCase()} `, role: 'commenter' })
    expect(answer.status).to.equal(201)
    expect(answer.body).to.include({
      workspace_id: workspace.id,
      email: guest.email,
      role: 'commenter',
      state: 'open',
      invited_by: people.admin.id,
    })
    const days = (Date.parse(answer.body.expires_at) - Date.parse(answer.body.created_at)) / 86_400_000
    expect(days).to.be.closeTo(7, 0.001)
    const [mail = ''] = await api.mailsTo(guest.email)
    expect(mail).to.contain('Field &lt;notes&gt;').and.contain(testIssuer)
    const [token = ''] = await tokensMailed(guest.email)
    expect(answer.text).not.to.contain(token)
    const { id: _, ...preview } = { ...(await look(token)).body, id: undefined }
    expect(preview).to.deep.equal({
      workspace_name: 'Field <notes>',
      invited_by_name: 'admin',
      email: guest.email,
      role: 'commenter',
      expires_at: answer.body.expires_at,
    })
    const joined = await accept(guest, token)
    expect([joined.status, joined.body]).to.deep.equal([200, { workspace_id: workspace.id, role: 'commenter' }])
    expect(changes).to.deep.equal([{ workspace_id: workspace.id, user_id: guest.id }])
    const found = await api.request('GET', `/workspaces/${workspace.id}`, { token: guest.token })
    expect(found.body.role).to.equal('commenter')
    expect((await list(people.admin)).body.items).to.deep.equal([])
  })

  it('are made, seen and taken back by those whom the matrix lets', async () => {
    for (const role of roles) {
      const made = await post(people[role], { email: `${newId()}@example.com`, role: 'viewer' })
      expect(made.status, role).to.equal(can(role, 'invitation.create') ? 201 : 403)
      expect((await list(people[role])).status, role).to.equal(can(role, 'invitation.read') ? 200 : 403)
      const { body } = await post(people.owner, { email: `${newId()}@example.com`, role: 'viewer' })
      expect((await take(people[role], body.id)).status, role).to.equal(can(role, 'invitation.delete') ? 204 : 403)
    }
    for (const answer of [await post(guest, { email: guest.email, role: 'viewer' }), await list(guest)]) {
      expect(answer.status).to.equal(404)
    }
  })

  it('are listed page by page, the newest first', async () => {
    const emails = Array.from({ length: 3 }, (_, i) => `${i}-${newId()}@example.com`)
    for (const email of emails) await post(people.admin, { email, role: 'viewer' })
    const first = (await list(people.owner, '?limit=2')).body
    const second = (await list(people.owner, `?limit=2&cursor=${first.next_cursor}`)).body
    expect([...first.items, ...second.items].map(({ email }: Json) => email)).to.deep.equal(emails.toReversed())
    expect(second.next_cursor).to.equal(null)
  })

  for (const body of [
    {},
    { email: 'x', role: 'viewer' },
    { email: 'a@example.com' },
    { email: 'a@example.com', role: 'owner' },
    { email: 'a@example.com', role: 'boss' },
    { email: ['a@example.com'], role: 'viewer' },
    { email: 'a@example.com\r\nBcc: b@example.com', role: 'viewer' },
    { email: 'a@example.com', role: 'viewer', invited_by: newId() },
  ]) {
    it(`refuse ${JSON.stringify(body)} with 422`, async () => {
      expect((await post(people.owner, body)).status).to.equal(422)
    })
  }

  it('are good once', async () => {
    const token = await invite()
    expect((await accept(guest, token)).status).to.equal(200)
    expect(outcome(await accept(guest, token))).to.deep.equal([410, problem('invitation-gone'), 'accepted'])
    expect(outcome(await look(token))).to.deep.equal([410, problem('invitation-gone'), 'accepted'])
    await api.request('DELETE', `/workspaces/${workspace.id}/members/${guest.id}`, { token: guest.token })
    expect((await accept(guest, token)).status).to.equal(410)
    expect(await roleOf(guest)).to.deep.equal([])
  })

  it('make one membership where the same is accepted ten times at once', async () => {
    const token = await invite()
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(guest, token)))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...Array(9).fill(410)])
    expect(await roleOf(guest)).to.deep.equal(['editor'])
  })

  it('are for the invited address only', async () => {
    const token = await invite()
    const other = await signUp(api)
    expect(outcome(await accept(other, token)).slice(0, 2)).to.deep.equal([403, problem('other-email')])
    expect((await api.request('POST', `/invitations/${token}/accept`)).status).to.equal(401)
    expect(await roleOf(other)).to.deep.equal([])
    expect((await accept(guest, token)).status).to.equal(200)
  })

  it('are unknown where the token is', async () => {
    for (const token of [newToken(), 'x', `${'a'.repeat(42)}!`, newId()]) {
      expect((await look(token)).status, token).to.equal(404)
      expect((await accept(guest, token)).status, token).to.equal(404)
    }
  })

  it('replace one another', async () => {
    const old = await invite(people.admin, guest.email, 'editor')
    const token = await invite(people.owner, guest.email, 'viewer')
    expect(outcome(await accept(guest, old))).to.deep.equal([410, problem('invitation-gone'), 'revoked'])
    expect((await list(people.admin)).body.items).to.have.length(1)
    expect((await accept(guest, token)).body.role).to.equal('viewer')
  })

  it('replace one another in any order', async () => {
    await Promise.all(Array.from({ length: 6 }, () => post(people.admin, { email: guest.email, role: 'viewer' })))
    const answers = []
    for (const token of await tokensMailed(guest.email)) answers.push((await look(token)).status)
    expect(answers.sort()).to.deep.equal([200, 410, 410, 410, 410, 410])
  })

  it('are gone when they are taken back, and only once', async () => {
    const token = await invite()
    const [{ id }] = (await list(people.admin)).body.items
    const elsewhere = await createWorkspace(api, people.admin)
    const foreign = `/workspaces/${elsewhere.id}/invitations/${id}`
    expect((await api.request('DELETE', foreign, { token: people.admin.token })).status).to.equal(404)
    expect((await take(people.admin, id)).status).to.equal(204)
    expect((await take(people.admin, id)).status).to.equal(404)
    expect(outcome(await accept(guest, token))).to.deep.equal([410, problem('invitation-gone'), 'revoked'])
  })

  it('expire', async () => {
    const token = await invite()
    const past = new Date(Date.now() - 1)
    await api.owner.updateTable('invitations').set({ expires_at: past }).where('email', '=', guest.email).execute()
    expect(outcome(await accept(guest, token))).to.deep.equal([410, problem('invitation-gone'), 'expired'])
    expect((await list(people.admin)).body.items[0].state).to.equal('expired')
    expect((await accept(guest, await invite())).status).to.equal(200)
  })

  for (const [what, change] of [
    [
      'is demoted',
      (id: string) =>
        api.request('PATCH', `/workspaces/${workspace.id}/members/${id}`, {
          token: people.owner.token,
          body: { role: 'editor' },
        }),
    ],
    [
      'is removed',
      (id: string) => api.request('DELETE', `/workspaces/${workspace.id}/members/${id}`, { token: people.owner.token }),
    ],
  ] as const) {
    it(`are void when the inviter ${what}`, async () => {
      const token = await invite(people.admin, guest.email, 'viewer')
      await change(people.admin.id)
      expect(outcome(await look(token))).to.deep.equal([410, problem('invitation-gone'), 'void'])
      expect(outcome(await accept(guest, token))).to.deep.equal([410, problem('invitation-gone'), 'void'])
      expect((await list(people.owner)).body.items[0].state).to.equal('void')
      expect(await roleOf(guest)).to.deep.equal([])
    })
  }

  it('are either accepted before the inviter is removed, or void', async () => {
    const token = await invite()
    const remove = () =>
      api.request('DELETE', `/workspaces/${workspace.id}/members/${people.admin.id}`, { token: people.owner.token })
    const [accepted, removed] = await Promise.all([accept(guest, token), remove()])
    expect(removed.status).to.equal(204)
    expect(await roleOf(guest)).to.deep.equal(accepted.status === 200 ? ['editor'] : [])
  })

  it('end with their workspace', async () => {
    const token = await invite()
    await api.request('DELETE', `/workspaces/${workspace.id}`, { token: people.owner.token })
    expect((await accept(guest, token)).status).to.equal(410)
  })

  it('are not for members', async () => {
    const answer = await post(people.admin, { email: people.viewer.email, role: 'admin' })
    expect(outcome(answer).slice(0, 2)).to.deep.equal([409, problem('already-member')])
    const token = await invite()
    await addMember(api, workspace.id, guest, 'viewer')
    expect(outcome(await accept(guest, token)).slice(0, 2)).to.deep.equal([409, problem('already-member')])
    expect(await roleOf(guest)).to.deep.equal(['viewer'])
  })

  it('say the same of an address with an account and of one without', async () => {
    const known = await post(people.admin, { email: guest.email, role: 'viewer' })
    const unknown = await post(people.admin, { email: `${newId()}@example.com`, role: 'viewer' })
    expect([known.status, Object.keys(known.body)]).to.deep.equal([unknown.status, Object.keys(unknown.body)])
  })

  it('are bounded, in a workspace and for a person', async () => {
    const rows = (n: number, expired: boolean) =>
      Array.from({ length: n }, () => ({
        workspace_id: workspace.id as string,
        email: `${newId()}@example.com`,
        role: 'viewer' as const,
        token_hash: Buffer.from(newId()),
        invited_by: people.owner.id,
        ...(expired && { expires_at: new Date(0) }),
      }))
    await api.owner.insertInto('invitations').values(rows(100, false)).execute()
    const full = await post(people.admin, { email: guest.email, role: 'viewer' })
    expect(outcome(full).slice(0, 2)).to.deep.equal([409, problem('too-many-invitations')])
    await api.owner.deleteFrom('invitations').where('workspace_id', '=', workspace.id).execute()
    await api.owner.insertInto('invitations').values(rows(200, true)).execute()
    const often = await post(people.owner, { email: guest.email, role: 'viewer' })
    expect(outcome(often).slice(0, 2)).to.deep.equal([429, problem('invitations-per-day')])
    expect((await post(people.admin, { email: guest.email, role: 'viewer' })).status).to.equal(201)
    await api.owner.deleteFrom('invitations').where('workspace_id', '=', workspace.id).execute()
  })

  it('want a verified address where the server does, and trust that of another issuer', async () => {
    const token = await invite()
    const outcomes: string[] = []
    for (const change of [
      {},
      { issuer: 'https://login.example.com' },
      { issuer: 'local', email_verified_at: new Date() },
    ]) {
      if (Object.keys(change).length > 0) {
        await api.owner.updateTable('users').set(change).where('id', '=', guest.id).execute()
      }
      const work = asUser(api.owner, guest.id, async (trx) => {
        outcomes.push((await acceptInvitation(trx, hashOf(token), true))?.outcome ?? 'none')
        throw new Error('undo')
      })
      await work.catch((error: Error) => expect(error.message).to.equal('undo'))
    }
    expect(outcomes).to.deep.equal(['unverified', 'joined', 'joined'])
  })

  it('are made and mailed once for an Idempotency-Key', async () => {
    const body = { email: guest.email, role: 'viewer' }
    const send = () =>
      api.request('POST', path(), { token: people.admin.token, body, headers: { 'Idempotency-Key': workspace.id } })
    const [first, again] = [await send(), await send()]
    expect([again.status, again.body]).to.deep.equal([201, first.body])
    expect(await tokensMailed(guest.email)).to.have.length(1)
  })

  it('are in the audit log: made, taken back, accepted', async () => {
    await invite(people.admin, `${newId()}@example.com`)
    const [{ id }] = (await list(people.admin)).body.items
    await take(people.owner, id)
    await accept(guest, await invite(people.admin, guest.email, 'viewer'))
    const { items } = (await api.request('GET', `/workspaces/${workspace.id}/audit-log`, { token: people.owner.token }))
      .body
    const entries = items.map(({ action, actor_id, target }: Json) => [action, actor_id, target.type])
    expect(entries.slice(0, 4)).to.deep.equal([
      ['invitation.accepted', guest.id, 'user'],
      ['invitation.created', people.admin.id, 'invitation'],
      ['invitation.revoked', people.owner.id, 'invitation'],
      ['invitation.created', people.admin.id, 'invitation'],
    ])
    expect(JSON.stringify(items)).not.to.match(/[\w-]{43}/)
  })

  it('are kept as a hash', async () => {
    const token = await invite()
    const rows = await api.owner.selectFrom('invitations').selectAll().execute()
    expect(JSON.stringify(rows)).not.to.contain(token)
    expect(rows.map(({ token_hash }) => token_hash.length)).to.include(32)
  })
})
