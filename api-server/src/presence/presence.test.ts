import type { CommandReply } from '@mdcreator/shared/bus/messages'
import { personColor } from '@mdcreator/shared/person-color'
import { roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import {
  addMember,
  createDocument,
  createWorkspace,
  type Json,
  signUp,
  type TestUser,
  testApi,
  testUser,
  testWorkspace,
} from '../testing.ts'

type People = CommandReply<'document.presence'>['people']

describe('presence', () => {
  const api = testApi()
  const user = testUser(api, 'Ada')
  const workspace = testWorkspace(api, user)
  let document: Json
  let present: People = []
  let withdraw: () => void
  beforeEach(async () => {
    document = await createDocument(api, user, workspace.id)
    present = []
    withdraw = api.bus.handle('document.presence', async ({ document_id }) => ({
      people: document_id === document.id ? present : [],
    }))
  })
  afterEach(() => withdraw())

  const get = (as = user, id: string = document.id) =>
    api.request('GET', `/documents/${id}/presence`, { token: as.token })
  const person = ({ id }: TestUser, name: string): People[number] => ({
    user: { id, name, avatar_url: null, color: personColor(id) },
    since: new Date().toISOString(),
    connections: 2,
    typing: true,
    cursor: { anchor: 'a', head: 'b' },
  })
  const wasHere = (who: TestUser, last_seen_at: Date, document_id: string = document.id) =>
    api.owner.insertInto('presence').values({ document_id, user_id: who.id, last_seen_at }).execute()
  const join = async (name: string): Promise<TestUser> => {
    const member = await signUp(api, name)
    await addMember(api, workspace.id, member, 'editor')
    return member
  }
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

  it('tells who is there, and of those who are not, who was, the latest first', async () => {
    const [grace, edsger] = [await join('Grace'), await join('Edsger')]
    present = [person(user, 'Ada')]
    await wasHere(user, minutesAgo(0))
    await wasHere(edsger, minutesAgo(20))
    await wasHere(grace, minutesAgo(10))
    const { status, body } = await get(grace)
    expect(status).to.equal(200)
    expect(body.items).to.deep.equal(present)
    expect(body.last_here.map((item: Json) => item.user.name)).to.deep.equal(['Grace', 'Edsger'])
    expect(body.last_here[0].user).to.deep.equal({
      ...{ id: grace.id, name: 'Grace', avatar_url: null },
      color: personColor(grace.id),
    })
    expect(Date.parse(body.last_here[0].last_seen_at)).to.be.closeTo(minutesAgo(10).getTime(), 5_000)
  })

  it('tells of nobody where nobody was', async () => {
    expect((await get()).body).to.deep.equal({ items: [], last_here: [] })
  })

  it('forgets those who have left the workspace, though they share another', async () => {
    const grace = await join('Grace')
    const other = await createWorkspace(api, user)
    await addMember(api, other.id, grace, 'viewer')
    await wasHere(grace, minutesAgo(1))
    expect((await get()).body.last_here).to.have.length(1)
    await api.request('DELETE', `/workspaces/${workspace.id}/members/${grace.id}`, { token: user.token })
    expect((await get()).body.last_here).to.deep.equal([])
  })

  it('names 50 at most', async () => {
    const ids = Array.from({ length: 52 }, () => crypto.randomUUID())
    const people = ids.map((id) => ({ id, subject: id, email: `${id}@example.com`, display_name: id }))
    await api.owner.insertInto('users').values(people).execute()
    const role = 'viewer' as const
    await api.owner
      .insertInto('workspace_members')
      .values(ids.map((user_id) => ({ workspace_id: workspace.id, user_id, role })))
      .execute()
    const seen = ids.map((user_id, i) => ({ document_id: document.id, user_id, last_seen_at: minutesAgo(i) }))
    await api.owner.insertInto('presence').values(seen).execute()
    const { body } = await get()
    expect(body.last_here.map((item: Json) => item.user.id)).to.deep.equal(ids.slice(0, 50))
  })

  it('is open to every role, and hidden from strangers, and of what is gone', async () => {
    for (const role of roles.filter((name) => name !== 'owner')) {
      const member = await signUp(api)
      await addMember(api, workspace.id, member, role)
      expect((await get(member)).status, role).to.equal(200)
    }
    const stranger = await signUp(api)
    await wasHere(stranger, minutesAgo(1))
    expect((await get(stranger)).status).to.equal(404)
    expect((await get(user, crypto.randomUUID())).status).to.equal(404)
    await api.request('DELETE', `/documents/${document.id}`, { token: user.token })
    expect((await get()).status).to.equal(404)
  })

  it('does not answer one who was removed while the servers were asked', async () => {
    const grace = await join('Grace')
    withdraw()
    withdraw = api.bus.handle('document.presence', async () => {
      await api.request('DELETE', `/workspaces/${workspace.id}/members/${grace.id}`, { token: user.token })
      return { people: [person(user, 'Ada')] }
    })
    expect((await get(grace)).status).to.equal(404)
  })

  it('says 503 where no collaboration server runs', async () => {
    withdraw()
    const answer = await get()
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('Retry-After')).to.match(/^\d+$/)
    expect(answer.body.type).to.equal('https://mdcreator.app/problems/unavailable')
  })
})
