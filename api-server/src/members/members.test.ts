import { newId } from '@mdcreator/shared/ids'
import { type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import {
  type AccessChange,
  addMember,
  createDocument,
  createWorkspace,
  type Json,
  recordChanges,
  signUp,
  type TestUser,
  testApi,
} from '../testing.ts'

const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

describe('members', () => {
  const api = testApi()
  let owner: TestUser
  let workspace: Json
  const people = {} as Record<Role, TestUser>
  let changes: AccessChange[]
  before(async () => {
    for (const role of roles) people[role] = await signUp(api, role)
    owner = people.owner
  })
  beforeEach(async () => {
    workspace = await createWorkspace(api, owner)
    for (const role of roles) if (role !== 'owner') await addMember(api, workspace.id, people[role], role)
    changes = recordChanges(api)
  })

  const path = (user: { id: string }) => `/workspaces/${workspace.id}/members/${user.id}`
  const patch = (as: TestUser, who: TestUser, role: unknown) =>
    api.request('PATCH', path(who), { token: as.token, body: { role } })
  const remove = (as: TestUser, who: TestUser) => api.request('DELETE', path(who), { token: as.token })
  const list = async (as: TestUser, query = '') =>
    (await api.request('GET', `/workspaces/${workspace.id}/members${query}`, { token: as.token })).body
  const rolesNow = async (): Promise<Record<string, Role>> => {
    const rows = await api.owner
      .selectFrom('workspace_members')
      .select(['user_id', 'role'])
      .where('workspace_id', '=', workspace.id)
      .execute()
    return Object.fromEntries(rows.map(({ user_id, role }) => [user_id, role]))
  }
  const roleOf = async (user: TestUser): Promise<Role | undefined> => (await rolesNow())[user.id]
  const join = async (role: Role): Promise<TestUser> => {
    const user = await signUp(api, `another ${role}`)
    await addMember(api, workspace.id, user, role)
    return user
  }

  describe('the list', () => {
    it('shows everybody to everybody, without e-mails', async () => {
      for (const role of roles) {
        const { items } = await list(people[role])
        expect(items, role).to.have.length(5)
        expect(items.map((item: Json) => item.user_id)).to.have.members(roles.map((name) => people[name].id))
      }
      const { items } = await list(people.viewer)
      expect(items[0]).to.include({
        workspace_id: workspace.id,
        user_id: owner.id,
        display_name: 'owner',
        role: 'owner',
      })
      expect(Object.keys(items[0])).to.have.members(
        'workspace_id user_id display_name avatar_url role created_at'.split(' '),
      )
    })

    it('goes page by page, and its cursor is good for no other workspace', async () => {
      const seen: string[] = []
      let cursor = ''
      do {
        const page = await list(people.viewer, `?limit=2${cursor && `&cursor=${cursor}`}`)
        seen.push(...page.items.map((item: Json) => item.role))
        cursor = page.next_cursor ?? ''
        if (cursor && seen.length === 2) {
          const other = await createWorkspace(api, owner)
          const foreign = await api.request('GET', `/workspaces/${other.id}/members?cursor=${cursor}`, {
            token: owner.token,
          })
          expect(foreign.status).to.equal(422)
        }
      } while (cursor)
      expect(seen).to.deep.equal(['owner', 'viewer', 'commenter', 'editor', 'admin'])
    })
  })

  describe('roles', () => {
    it('are changed by administrators, and what was changed is announced', async () => {
      const answer = await patch(people.admin, people.viewer, 'editor')
      expect(answer.status).to.equal(200)
      expect(answer.body).to.include({ user_id: people.viewer.id, role: 'editor', display_name: 'viewer' })
      expect(await roleOf(people.viewer)).to.equal('editor')
      expect(changes).to.deep.equal([{ workspace_id: workspace.id, user_id: people.viewer.id }])
      const document = { token: people.viewer.token, body: { title: 'x' } }
      expect((await api.request('POST', `/workspaces/${workspace.id}/documents`, document)).status).to.equal(201)
    })

    for (const role of roles) {
      const may = role === 'owner' || role === 'admin'
      it(`${may ? 'are' : 'are not'} granted by a member with the role ${role}`, async () => {
        const target = await join('commenter')
        for (const grant of ['viewer', 'editor', 'admin'] as const) {
          expect((await patch(people[role], target, grant)).status, grant).to.equal(may ? 200 : 403)
          expect(await roleOf(target)).to.equal(may ? grant : 'commenter')
        }
        expect(changes).to.have.length(may ? 3 : 0)
      })
    }

    it('stay as they are where nothing changes, and nothing is announced', async () => {
      expect((await patch(owner, people.editor, 'editor')).body).to.include({ role: 'editor' })
      expect(changes).to.deep.equal([])
    })

    it('let an administrator step down, and not up again', async () => {
      expect((await patch(people.admin, people.admin, 'viewer')).status).to.equal(200)
      expect((await patch(people.admin, people.admin, 'admin')).status).to.equal(403)
      expect(await roleOf(people.admin)).to.equal('viewer')
    })

    it('never make an owner, and leave the owner alone', async () => {
      for (const as of [owner, people.admin]) {
        expect((await patch(as, people.editor, 'owner')).status).to.equal(422)
        const answer = await patch(as, owner, 'viewer')
        expect([answer.status, answer.body.type]).to.deep.equal([409, problem('owner-stays')])
      }
      expect((await patch(people.editor, owner, 'viewer')).status).to.equal(403)
      expect(await rolesNow()).to.include({ [owner.id]: 'owner', [people.editor.id]: 'editor' })
      expect(changes).to.deep.equal([])
    })

    it('are refused where they are none', async () => {
      for (const role of ['boss', '', null, 3, ['editor'], 'EDITOR']) {
        expect((await patch(owner, people.viewer, role)).status, String(role)).to.equal(422)
      }
      const body = { role: 'editor', user_id: owner.id }
      expect((await api.request('PATCH', path(people.viewer), { token: owner.token, body })).status).to.equal(422)
    })

    it('leave an owner and no lost change where administrators demote each other at once', async () => {
      const other = await join('admin')
      const answers = await Promise.all([patch(people.admin, other, 'viewer'), patch(other, people.admin, 'viewer')])
      const demoted = [await roleOf(other), await roleOf(people.admin)].filter((role) => role === 'viewer')
      expect(answers.filter(({ status }) => status === 200)).to.have.length(demoted.length)
      for (const { status } of answers) expect(status).to.be.oneOf([200, 403])
      expect(demoted.length).to.be.at.least(1)
      expect(await roleOf(owner)).to.equal('owner')
    })
  })

  describe('leaving and removing', () => {
    for (const role of roles.filter((name) => name !== 'owner')) {
      it(`lets a member with the role ${role} leave`, async () => {
        const member = await join(role)
        const document = await createDocument(api, owner, workspace.id)
        expect((await remove(member, member)).status).to.equal(204)
        expect(await roleOf(member)).to.equal(undefined)
        expect(changes).to.deep.equal([{ workspace_id: workspace.id, user_id: member.id }])
        expect((await api.request('GET', `/documents/${document.id}`, { token: member.token })).status).to.equal(404)
        expect((await remove(member, member)).status).to.equal(404)
      })
    }

    for (const role of roles) {
      const may = role === 'owner' || role === 'admin'
      it(`${may ? 'lets' : 'does not let'} a member with the role ${role} remove others`, async () => {
        for (const other of ['viewer', 'editor', 'admin'] as const) {
          const target = await join(other)
          expect((await remove(people[role], target)).status, other).to.equal(may ? 204 : 403)
          expect(await roleOf(target)).to.equal(may ? undefined : other)
        }
        expect(changes).to.have.length(may ? 3 : 0)
      })
    }

    it('keeps the owner, and says what to do', async () => {
      for (const as of [owner, people.admin]) {
        const answer = await remove(as, owner)
        expect([answer.status, answer.body.type]).to.deep.equal([409, problem('owner-stays')])
        expect(answer.body.detail).to.match(/^Hand the workspace over/)
      }
      expect((await remove(people.editor, owner)).status).to.equal(403)
      expect(await roleOf(owner)).to.equal('owner')
      expect(changes).to.deep.equal([])
    })

    it('removes once where ten ask at the same time', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => remove(people.admin, people.viewer)))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, ...Array(9).fill(404)])
      expect(changes).to.have.length(1)
    })
  })

  it('are hidden from strangers, and nobody reaches into another workspace through their own', async () => {
    const stranger = await signUp(api)
    const own = await createWorkspace(api, stranger)
    expect(
      (await api.request('GET', `/workspaces/${workspace.id}/members`, { token: stranger.token })).status,
    ).to.equal(404)
    for (const who of [people.viewer, owner, stranger]) {
      expect((await patch(stranger, who, 'viewer')).status).to.equal(404)
      expect((await remove(stranger, who)).status).to.equal(404)
    }
    const foreign = `/workspaces/${own.id}/members/${people.viewer.id}`
    expect((await api.request('DELETE', foreign, { token: stranger.token })).status).to.equal(404)
    expect((await patch(owner, { ...stranger, id: newId() }, 'viewer')).status).to.equal(404)
    expect(Object.keys(await rolesNow())).to.have.length(5)
    expect(changes).to.deep.equal([])
  })

  it('are gone with their workspace', async () => {
    await api.request('DELETE', `/workspaces/${workspace.id}`, { token: owner.token })
    expect((await patch(owner, people.viewer, 'editor')).status).to.equal(404)
    expect((await remove(people.viewer, people.viewer)).status).to.equal(404)
  })
})
