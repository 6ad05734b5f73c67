import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import {
  addMember,
  createWorkspace,
  type Json,
  recordChanges,
  signUp,
  type TestUser,
  testApi,
  testUser,
} from '../testing.ts'

describe('workspaces', () => {
  const api = testApi()
  const user = testUser(api)

  const create = (body: unknown) => api.request('POST', '/workspaces', { token: user.token, body })

  it('makes a workspace, and its maker the owner', async () => {
    const answer = await create({ name: '  Field notes ' })
    expect(answer.status).to.equal(201)
    expect(answer.body).to.include({ name: 'Field notes', role: 'owner', created_by: user.id })
    expect(answer.headers.get('Location')).to.equal(`/api/v1/workspaces/${answer.body.id}`)
    const found = await api.request('GET', `/workspaces/${answer.body.id}`, { token: user.token })
    expect(found.body).to.deep.equal(answer.body)
  })

  it('takes an id from the client, once', async () => {
    const id = newId()
    expect((await create({ id, name: 'Mine' })).status).to.equal(201)
    expect((await create({ id, name: 'Mine again' })).status).to.equal(409)
  })

  it('answers 304 to its ETag', async () => {
    const { id } = await createWorkspace(api, user)
    const first = await api.request('GET', `/workspaces/${id}`, { token: user.token })
    const headers = { 'If-None-Match': String(first.headers.get('ETag')) }
    expect((await api.request('GET', `/workspaces/${id}`, { token: user.token, headers })).status).to.equal(304)
  })

  it('lists those that the caller is a member of, the newest first, page by page', async () => {
    const host = await signUp(api)
    const guest = await signUp(api)
    const names = ['one', 'two', 'three']
    for (const name of names) {
      const { id } = await createWorkspace(api, host, name)
      await addMember(api, id, guest, 'commenter')
    }
    await createWorkspace(api, host, 'private')
    const first = await api.request('GET', '/workspaces?limit=2', { token: guest.token })
    expect(first.body.items.map((item: Json) => item.name)).to.deep.equal(['three', 'two'])
    expect(first.body.items[0].role).to.equal('commenter')
    const next = first.body.next_cursor
    const second = await api.request('GET', `/workspaces?limit=2&cursor=${next}`, { token: guest.token })
    expect(second.body.items.map((item: Json) => item.name)).to.deep.equal(['one'])
    expect(second.body.next_cursor).to.equal(null)
    const foreign = await api.request('GET', `/workspaces?limit=2&cursor=${next}`, { token: host.token })
    expect(foreign.status).to.equal(422)
  })

  it('answers a stranger with 404, and everyone once it is deleted', async () => {
    const { id } = await createWorkspace(api, user)
    const stranger = await signUp(api)
    expect((await api.request('GET', `/workspaces/${id}`, { token: stranger.token })).status).to.equal(404)
    await api.owner.updateTable('workspaces').set({ deleted_at: new Date() }).where('id', '=', id).execute()
    expect((await api.request('GET', `/workspaces/${id}`, { token: user.token })).status).to.equal(404)
    expect((await api.request('GET', `/workspaces/${id}/documents`, { token: user.token })).status).to.equal(404)
  })

  it('is deleted by its owner only, and that is announced', async () => {
    const { id } = await createWorkspace(api, user)
    const remove = (as: TestUser) => api.request('DELETE', `/workspaces/${id}`, { token: as.token })
    const changes = recordChanges(api)
    for (const role of ['viewer', 'commenter', 'editor', 'admin'] as const) {
      const member = await signUp(api)
      await addMember(api, id, member, role)
      expect((await remove(member)).status, role).to.equal(403)
    }
    expect((await remove(await signUp(api))).status).to.equal(404)
    expect(changes).to.deep.equal([])
    expect((await remove(user)).status).to.equal(204)
    expect(changes).to.deep.equal([{ workspace_id: id }])
    expect((await remove(user)).status).to.equal(404)
    expect((await api.request('GET', `/workspaces/${id}`, { token: user.token })).status).to.equal(404)
  })

  for (const body of [
    {},
    { name: '' },
    { name: 'x'.repeat(201) },
    { name: 'a\0' },
    { name: 'x', role: 'owner' },
    [],
    'x',
    null,
  ]) {
    it(`refuses ${JSON.stringify(body).slice(0, 30)} with 422`, async () => {
      expect((await create(body)).status).to.equal(422)
    })
  }
})
