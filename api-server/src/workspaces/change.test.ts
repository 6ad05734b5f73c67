import { newId } from '@mdcreator/shared/ids'
import { type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import { addMember, createWorkspace, type Json, recordChanges, signUp, type TestUser, testApi } from '../testing.ts'

describe('changing a workspace', () => {
  const api = testApi()
  const people = {} as Record<Role, TestUser>
  let workspace: Json
  before(async () => {
    for (const role of roles) people[role] = await signUp(api, role)
  })
  beforeEach(async () => {
    workspace = await createWorkspace(api, people.owner)
    for (const role of roles) if (role !== 'owner') await addMember(api, workspace.id, people[role], role)
  })

  const path = () => `/workspaces/${workspace.id}`
  const get = (as: TestUser) => api.request('GET', path(), { token: as.token })
  const tagOf = async (as: TestUser) => String((await get(as)).headers.get('ETag'))
  const rename = (as: TestUser, body: unknown, headers = {}) =>
    api.request('PATCH', path(), { token: as.token, body, headers })
  const transfer = (as: TestUser, user_id: unknown) =>
    api.request('POST', `${path()}/transfer`, { token: as.token, body: { user_id } })
  const rolesNow = async (): Promise<Record<string, Role>> => {
    const rows = await api.owner
      .selectFrom('workspace_members')
      .select(['user_id', 'role'])
      .where('workspace_id', '=', workspace.id)
      .execute()
    return Object.fromEntries(rows.map(({ user_id, role }) => [user_id, role]))
  }
  const ownersNow = async () => Object.entries(await rolesNow()).flatMap(([id, role]) => (role === 'owner' ? [id] : []))

  describe('by its name', () => {
    it('is for administrators', async () => {
      for (const role of roles) {
        const may = role === 'owner' || role === 'admin'
        const answer = await rename(people[role], { name: ` ${role} ` })
        expect(answer.status, role).to.equal(may ? 200 : 403)
        if (may) expect(answer.body).to.include({ id: workspace.id, name: role, role })
      }
      expect((await rename(await signUp(api), { name: 'x' })).status).to.equal(404)
      expect((await get(people.viewer)).body.name).to.equal('owner')
    })

    it('gives the new ETag, and takes the old one no more', async () => {
      const old = await tagOf(people.admin)
      const answer = await rename(people.admin, { name: 'one' }, { 'If-Match': old })
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('ETag'))
        .to.equal(await tagOf(people.admin))
        .and.not.equal(old)
      const stale = await rename(people.admin, { name: 'two' }, { 'If-Match': old })
      expect([stale.status, stale.body.type]).to.deep.equal([412, 'https://mdcreator.app/problems/precondition-failed'])
      expect((await rename(people.admin, { name: 'two' }, { 'If-Match': '*' })).status).to.equal(200)
      expect((await get(people.viewer)).body.name).to.equal('two')
    })

    it('has one winner where many name the same ETag', async () => {
      const headers = { 'If-Match': await tagOf(people.admin) }
      const names = Array.from({ length: 10 }, (_, i) => `name ${i}`)
      const answers = await Promise.all(names.map((name) => rename(people.admin, { name }, headers)))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...Array(9).fill(412)])
      const winner = answers.find(({ status }) => status === 200)
      expect((await get(people.viewer)).body.name).to.equal(winner?.body.name)
    })

    it('changes nothing where the name is the same', async () => {
      const old = await tagOf(people.owner)
      expect((await rename(people.owner, { name: workspace.name })).headers.get('ETag')).to.equal(old)
    })

    for (const body of [{}, { name: '' }, { name: 'a\0' }, { name: null }, { name: 'x', role: 'owner' }, { id: 'x' }]) {
      it(`refuses ${JSON.stringify(body)} with 422`, async () => {
        expect((await rename(people.owner, body)).status).to.equal(422)
      })
    }
  })

  it('is deleted only in the state that If-Match names', async () => {
    const old = await tagOf(people.owner)
    await rename(people.owner, { name: 'changed' })
    const remove = (tag: string) =>
      api.request('DELETE', path(), { token: people.owner.token, headers: { 'If-Match': tag } })
    expect((await remove(old)).status).to.equal(412)
    expect((await remove(await tagOf(people.owner))).status).to.equal(204)
    expect((await rename(people.owner, { name: 'x' })).status).to.equal(404)
  })

  it('has another ETag for another role', async () => {
    expect(await tagOf(people.viewer)).not.to.equal(await tagOf(people.admin))
  })

  describe('by handing it over', () => {
    it('swaps the roles, and announces both', async () => {
      const changes = recordChanges(api)
      const answer = await transfer(people.owner, people.editor.id)
      expect(answer.status).to.equal(200)
      expect(answer.body).to.include({ id: workspace.id, role: 'admin' })
      expect(await rolesNow()).to.include({ [people.owner.id]: 'admin', [people.editor.id]: 'owner' })
      expect(changes).to.have.deep.members(
        [people.owner, people.editor].map(({ id }) => ({ workspace_id: workspace.id, user_id: id })),
      )
      expect((await api.request('DELETE', path(), { token: people.owner.token })).status).to.equal(403)
      expect((await api.request('DELETE', path(), { token: people.editor.token })).status).to.equal(204)
    })

    it('is for the owner only', async () => {
      for (const role of roles) {
        if (role === 'owner') continue
        expect((await transfer(people[role], people[role].id)).status, role).to.equal(403)
        expect((await transfer(people[role], people.viewer.id)).status, role).to.equal(403)
      }
      const stranger = await signUp(api)
      expect((await transfer(stranger, stranger.id)).status).to.equal(404)
      expect(await ownersNow()).to.deep.equal([people.owner.id])
    })

    it('says the same of a stranger and of nobody', async () => {
      const answers = [await transfer(people.owner, (await signUp(api)).id), await transfer(people.owner, newId())]
      for (const { status, body } of answers) {
        expect([status, body.errors]).to.deep.equal([422, [{ pointer: '/user_id', detail: 'is no member here' }]])
      }
      expect(await ownersNow()).to.deep.equal([people.owner.id])
    })

    it('changes nothing where the heir is the owner', async () => {
      expect((await transfer(people.owner, people.owner.id)).body.role).to.equal('owner')
    })

    it('has one owner whoever asks at the same time', async () => {
      const heirs = [people.admin, people.editor, people.viewer, people.admin, people.editor]
      const answers = await Promise.all(heirs.map(({ id }) => transfer(people.owner, id)))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 403, 403, 403, 403])
      expect(await ownersNow()).to.deep.equal([heirs[answers.findIndex(({ status }) => status === 200)]?.id])
    })

    it('leaves an owner where the heir leaves at the same time', async () => {
      const leave = () => api.request('DELETE', `${path()}/members/${people.editor.id}`, { token: people.editor.token })
      const [handed, left] = await Promise.all([transfer(people.owner, people.editor.id), leave()])
      expect([handed.status, left.status]).to.be.deep.oneOf([
        [200, 409],
        [200, 404],
        [422, 204],
      ])
      expect(await ownersNow()).to.deep.equal([handed.status === 200 ? people.editor.id : people.owner.id])
    })

    it('does not leave a workspace to an account that is deleted at the same time', async () => {
      const heir = await signUp(api)
      await addMember(api, workspace.id, heir, 'editor')
      const [handed, deleted] = await Promise.all([
        transfer(people.owner, heir.id),
        api.request('DELETE', '/users/me', { token: heir.token, body: { password: 'Passw0rd!' } }),
      ])
      expect([handed.status, deleted.status]).to.be.deep.oneOf([
        [200, 409],
        [422, 204],
      ])
      expect(await ownersNow()).to.deep.equal([handed.status === 200 ? heir.id : people.owner.id])
    })
  })
})
