import { asUser } from '@mdcreator/db/as-user'
import { newId } from '@mdcreator/shared/ids'
import { hashOfSecret, newSecret } from '@mdcreator/shared/secret'
import { expect } from 'chai'
import { signUp } from '../testing.ts'
import { acceptInvitation } from './invitations.queries.ts'
import { invitationWorld, problem } from './testing.ts'

describe('accepted invitations', () => {
  const world = invitationWorld()
  const { people, list, look, accept, outcome, invite, roleOf } = world

  it('are good once', async () => {
    const token = await invite()
    expect((await accept(world.guest, token)).status).to.equal(200)
    expect(outcome(await accept(world.guest, token))).to.deep.equal([410, problem('invitation-gone'), 'accepted'])
    expect(outcome(await look(token))).to.deep.equal([410, problem('invitation-gone'), 'accepted'])
    await world.api.request('DELETE', `/workspaces/${world.workspace.id}/members/${world.guest.id}`, {
      token: world.guest.token,
    })
    expect((await accept(world.guest, token)).status).to.equal(410)
    expect(await roleOf(world.guest)).to.deep.equal([])
  })

  it('make one membership where the same is accepted ten times at once', async () => {
    const token = await invite()
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(world.guest, token)))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...Array(9).fill(410)])
    expect(await roleOf(world.guest)).to.deep.equal(['editor'])
  })

  it('are for the invited address only', async () => {
    const token = await invite()
    const other = await signUp(world.api)
    expect(outcome(await accept(other, token)).slice(0, 2)).to.deep.equal([403, problem('other-email')])
    expect((await world.api.request('POST', `/invitations/${token}/accept`)).status).to.equal(401)
    expect(await roleOf(other)).to.deep.equal([])
    expect((await accept(world.guest, token)).status).to.equal(200)
  })

  it('are unknown where the token is', async () => {
    for (const token of [newSecret(), 'x', `${'a'.repeat(42)}!`, newId()]) {
      expect((await look(token)).status, token).to.equal(404)
      expect((await accept(world.guest, token)).status, token).to.equal(404)
    }
  })

  it('expire', async () => {
    const token = await invite()
    const past = new Date(Date.now() - 1)
    await world.api.owner
      .updateTable('invitations')
      .set({ expires_at: past })
      .where('email', '=', world.guest.email)
      .execute()
    expect(outcome(await accept(world.guest, token))).to.deep.equal([410, problem('invitation-gone'), 'expired'])
    expect((await list(people.admin)).body.items[0].state).to.equal('expired')
    expect((await accept(world.guest, await invite())).status).to.equal(200)
  })

  for (const [what, change] of [
    [
      'is demoted',
      (id: string) =>
        world.api.request('PATCH', `/workspaces/${world.workspace.id}/members/${id}`, {
          token: people.owner.token,
          body: { role: 'editor' },
        }),
    ],
    [
      'is removed',
      (id: string) =>
        world.api.request('DELETE', `/workspaces/${world.workspace.id}/members/${id}`, { token: people.owner.token }),
    ],
  ] as const) {
    it(`are void when the inviter ${what}`, async () => {
      const token = await invite(people.admin, world.guest.email, 'viewer')
      await change(people.admin.id)
      expect(outcome(await look(token))).to.deep.equal([410, problem('invitation-gone'), 'void'])
      expect(outcome(await accept(world.guest, token))).to.deep.equal([410, problem('invitation-gone'), 'void'])
      expect((await list(people.owner)).body.items[0].state).to.equal('void')
      expect(await roleOf(world.guest)).to.deep.equal([])
    })
  }

  it('are either accepted before the inviter is removed, or void', async () => {
    const token = await invite()
    const remove = () =>
      world.api.request('DELETE', `/workspaces/${world.workspace.id}/members/${people.admin.id}`, {
        token: people.owner.token,
      })
    const [accepted, removed] = await Promise.all([accept(world.guest, token), remove()])
    expect(removed.status).to.equal(204)
    expect(await roleOf(world.guest)).to.deep.equal(accepted.status === 200 ? ['editor'] : [])
  })

  it('end with their workspace', async () => {
    const token = await invite()
    await world.api.request('DELETE', `/workspaces/${world.workspace.id}`, { token: people.owner.token })
    expect((await accept(world.guest, token)).status).to.equal(410)
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
        await world.api.owner.updateTable('users').set(change).where('id', '=', world.guest.id).execute()
      }
      const work = asUser(world.api.owner, world.guest.id, async (trx) => {
        outcomes.push((await acceptInvitation(trx, hashOfSecret(token), true))?.outcome ?? 'none')
        throw new Error('undo')
      })
      await work.catch((error: Error) => expect(error.message).to.equal('undo'))
    }
    expect(outcomes).to.deep.equal(['unverified', 'joined', 'joined'])
  })
})
