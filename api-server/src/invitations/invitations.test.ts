import { newId } from '@mdcreator/shared/ids'
import { can, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import { addMember, createWorkspace, type Json, recordChanges, testIssuer } from '../testing.ts'
import { invitationWorld, problem } from './testing.ts'

describe('invitations', () => {
  const world = invitationWorld()
  const { people, path, post, list, take, look, accept, outcome, tokensMailed, invite, roleOf } = world

  it('go by mail, and make the invited a member with that role', async () => {
    const changes = recordChanges(world.api)
    const answer = await post(people.admin, { email: ` ${world.guest.email.toUpperCase()} `, role: 'commenter' })
    expect(answer.status).to.equal(201)
    expect(answer.body).to.include({
      workspace_id: world.workspace.id,
      email: world.guest.email,
      role: 'commenter',
      state: 'open',
      invited_by: people.admin.id,
    })
    const days = (Date.parse(answer.body.expires_at) - Date.parse(answer.body.created_at)) / 86_400_000
    expect(days).to.be.closeTo(7, 0.001)
    const [mail = ''] = await world.api.mailsTo(world.guest.email)
    expect(mail).to.contain('Field &lt;notes&gt;').and.contain(testIssuer)
    const [token = ''] = await tokensMailed(world.guest.email)
    expect(answer.text).not.to.contain(token)
    const { id: _, ...preview } = { ...(await look(token)).body, id: undefined }
    expect(preview).to.deep.equal({
      workspace_name: 'Field <notes>',
      invited_by_name: 'admin',
      email: world.guest.email,
      role: 'commenter',
      expires_at: answer.body.expires_at,
    })
    const joined = await accept(world.guest, token)
    expect([joined.status, joined.body]).to.deep.equal([200, { workspace_id: world.workspace.id, role: 'commenter' }])
    expect(changes).to.deep.equal([{ workspace_id: world.workspace.id, user_id: world.guest.id }])
    const found = await world.api.request('GET', `/workspaces/${world.workspace.id}`, { token: world.guest.token })
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
    for (const answer of [
      await post(world.guest, { email: world.guest.email, role: 'viewer' }),
      await list(world.guest),
    ]) {
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

  it('replace one another', async () => {
    const old = await invite(people.admin, world.guest.email, 'editor')
    const token = await invite(people.owner, world.guest.email, 'viewer')
    expect(outcome(await accept(world.guest, old))).to.deep.equal([410, problem('invitation-gone'), 'revoked'])
    expect((await list(people.admin)).body.items).to.have.length(1)
    expect((await accept(world.guest, token)).body.role).to.equal('viewer')
  })

  it('replace one another in any order', async () => {
    await Promise.all(Array.from({ length: 6 }, () => post(people.admin, { email: world.guest.email, role: 'viewer' })))
    const answers = []
    for (const token of await tokensMailed(world.guest.email)) answers.push((await look(token)).status)
    expect(answers.sort()).to.deep.equal([200, 410, 410, 410, 410, 410])
  })

  it('are gone when they are taken back, and only once', async () => {
    const token = await invite()
    const [{ id }] = (await list(people.admin)).body.items
    const elsewhere = await createWorkspace(world.api, people.admin)
    const foreign = `/workspaces/${elsewhere.id}/invitations/${id}`
    expect((await world.api.request('DELETE', foreign, { token: people.admin.token })).status).to.equal(404)
    expect((await take(people.admin, id)).status).to.equal(204)
    expect((await take(people.admin, id)).status).to.equal(404)
    expect(outcome(await accept(world.guest, token))).to.deep.equal([410, problem('invitation-gone'), 'revoked'])
  })

  it('are not for members', async () => {
    const answer = await post(people.admin, { email: people.viewer.email, role: 'admin' })
    expect(outcome(answer).slice(0, 2)).to.deep.equal([409, problem('already-member')])
    const token = await invite()
    await addMember(world.api, world.workspace.id, world.guest, 'viewer')
    expect(outcome(await accept(world.guest, token)).slice(0, 2)).to.deep.equal([409, problem('already-member')])
    expect(await roleOf(world.guest)).to.deep.equal(['viewer'])
  })

  it('say the same of an address with an account and of one without', async () => {
    const known = await post(people.admin, { email: world.guest.email, role: 'viewer' })
    const unknown = await post(people.admin, { email: `${newId()}@example.com`, role: 'viewer' })
    expect([known.status, Object.keys(known.body)]).to.deep.equal([unknown.status, Object.keys(unknown.body)])
  })

  it('are bounded, in a workspace and for a person', async () => {
    const rows = (n: number, expired: boolean) =>
      Array.from({ length: n }, () => ({
        workspace_id: world.workspace.id as string,
        email: `${newId()}@example.com`,
        role: 'viewer' as const,
        token_hash: Buffer.from(newId()),
        invited_by: people.owner.id,
        ...(expired && { expires_at: new Date(0) }),
      }))
    await world.api.owner.insertInto('invitations').values(rows(100, false)).execute()
    const full = await post(people.admin, { email: world.guest.email, role: 'viewer' })
    expect(outcome(full).slice(0, 2)).to.deep.equal([409, problem('too-many-invitations')])
    await world.api.owner.deleteFrom('invitations').where('workspace_id', '=', world.workspace.id).execute()
    await world.api.owner.insertInto('invitations').values(rows(200, true)).execute()
    const often = await post(people.owner, { email: world.guest.email, role: 'viewer' })
    expect(outcome(often).slice(0, 2)).to.deep.equal([429, problem('invitations-per-day')])
    expect((await post(people.admin, { email: world.guest.email, role: 'viewer' })).status).to.equal(201)
    await world.api.owner.deleteFrom('invitations').where('workspace_id', '=', world.workspace.id).execute()
  })

  it('are made and mailed once for an Idempotency-Key', async () => {
    const body = { email: world.guest.email, role: 'viewer' }
    const send = () =>
      world.api.request('POST', path(), {
        token: people.admin.token,
        body,
        headers: { 'Idempotency-Key': world.workspace.id },
      })
    const [first, again] = [await send(), await send()]
    expect([again.status, again.body]).to.deep.equal([201, first.body])
    expect(await tokensMailed(world.guest.email)).to.have.length(1)
  })

  it('are in the audit log: made, taken back, accepted', async () => {
    await invite(people.admin, `${newId()}@example.com`)
    const [{ id }] = (await list(people.admin)).body.items
    await take(people.owner, id)
    await accept(world.guest, await invite(people.admin, world.guest.email, 'viewer'))
    const { items } = (
      await world.api.request('GET', `/workspaces/${world.workspace.id}/audit-log`, { token: people.owner.token })
    ).body
    const entries = items.map(({ action, actor_id, target }: Json) => [action, actor_id, target.type])
    expect(entries.slice(0, 4)).to.deep.equal([
      ['invitation.accepted', world.guest.id, 'user'],
      ['invitation.created', people.admin.id, 'invitation'],
      ['invitation.revoked', people.owner.id, 'invitation'],
      ['invitation.created', people.admin.id, 'invitation'],
    ])
    expect(JSON.stringify(items)).not.to.match(/[\w-]{43}/)
  })

  it('are kept as a hash', async () => {
    const token = await invite()
    const rows = await world.api.owner.selectFrom('invitations').selectAll().execute()
    expect(JSON.stringify(rows)).not.to.contain(token)
    expect(rows.map(({ token_hash }) => token_hash.length)).to.include(32)
  })
})
