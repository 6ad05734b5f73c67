import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { recordChanges, signUp, startApi, type TestApi, type TestUser, testPassword } from '../testing.ts'
import { post } from './testing.ts'

describe("a user's devices", () => {
  let api: TestApi
  let user: TestUser
  beforeEach(async () => {
    api = await startApi()
    user = await signUp(api)
  })
  afterEach(() => api.stop())

  const list = (query = '', token = user.token) => api.request('GET', `/auth/sessions${query}`, { token })
  const end = (id: string, token = user.token) => api.request('DELETE', `/auth/sessions/${id}`, { token })
  const signIn = async (userAgent: string) =>
    (await post(api, '/auth/login', { email: user.email, password: testPassword }, { 'User-Agent': userAgent })).body

  it('are listed, the newest first, with the current one marked, and nothing secret', async () => {
    await signIn('Phone')
    const { status, body } = await list()
    expect(status).to.equal(200)
    expect(body.items.map(({ user_agent }: { user_agent: string }) => user_agent)[0]).to.equal('Phone')
    expect(body.items.map(({ current }: { current: boolean }) => current)).to.deep.equal([false, true])
    expect(body.items[1]).to.include({ id: user.refreshToken.split('.')[0], network: '127.0.0.1', client_id: null })
    expect(Object.keys(body.items[0])).to.have.members(
      'id user_agent network client_id created_at refreshed_at expires_at current'.split(' '),
    )
  })

  it('are listed in pages', async () => {
    for (const name of ['a', 'b', 'c']) await signIn(name)
    const first = (await list('?limit=3')).body
    const second = (await list(`?limit=3&cursor=${first.next_cursor}`)).body
    const agents = [...first.items, ...second.items].map(({ user_agent }) => user_agent)
    expect(agents.slice(0, 3)).to.deep.equal(['c', 'b', 'a'])
    expect([agents.length, second.next_cursor]).to.deep.equal([4, null])
  })

  it('are only those that are good, and only the own', async () => {
    const other = await signUp(api)
    const phone = await signIn('Phone')
    await api.request('POST', '/auth/logout', { token: phone.access_token })
    expect((await list()).body.items).to.have.length(1)
    expect((await list('', other.token)).body.items).to.have.length(1)
  })

  it('are signed out at once, which is announced', async () => {
    const phone = await signIn('Phone')
    const id = phone.refresh_token.split('.')[0]
    const changes = recordChanges(api)
    expect((await end(id)).status).to.equal(204)
    expect(changes).to.deep.equal([{ session_id: id, user_id: user.id }])
    expect((await list('', phone.access_token)).status).to.equal(401)
    expect((await post(api, '/auth/refresh', { refresh_token: phone.refresh_token })).status).to.equal(401)
    expect((await list()).status).to.equal(200)
    expect((await end(id)).status).to.equal(404)
  })

  it('of others cannot be signed out, nor what is none', async () => {
    const other = await signUp(api)
    for (const id of [other.refreshToken.split('.')[0] as string, newId(), 'x']) {
      expect((await end(id)).status, id).to.equal(404)
    }
    expect((await list('', other.token)).status).to.equal(200)
    expect((await end(newId(), 'x')).status).to.equal(401)
  })
})
