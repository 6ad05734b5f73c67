import { type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import { addMember, createWorkspace, type Json, signUp, startApi, type TestApi, type TestUser } from '../testing.ts'

// For tests only.

export const problem = (slug: string) => `https://mdcreator.app/problems/${slug}`

/** For a `describe`: an API, somebody of each role, and for each test a workspace of theirs and a guest. */
export function invitationWorld() {
  const people = {} as Record<Role, TestUser>
  const world = {} as { api: TestApi; workspace: Json; guest: TestUser }
  before(async () => {
    world.api = await startApi()
    for (const role of roles) people[role] = await signUp(world.api, role)
  })
  after(() => world.api.stop())
  beforeEach(async () => {
    world.guest = await signUp(world.api, 'guest')
    world.workspace = await createWorkspace(world.api, people.owner, 'Field <notes>')
    for (const role of roles) if (role !== 'owner') await addMember(world.api, world.workspace.id, people[role], role)
  })

  const path = () => `/workspaces/${world.workspace.id}/invitations`
  const post = (as: TestUser, body: unknown) => world.api.request('POST', path(), { token: as.token, body })
  const list = (as: TestUser, query = '') => world.api.request('GET', path() + query, { token: as.token })
  const take = (as: TestUser, id: string) => world.api.request('DELETE', `${path()}/${id}`, { token: as.token })
  const look = (token: string) => world.api.request('GET', `/invitations/${token}`)
  const accept = (as: TestUser, token: string) =>
    world.api.request('POST', `/invitations/${token}/accept`, { token: as.token })
  const outcome = ({ status, body }: { status: number; body: Json }) => [status, body?.type, body?.state]
  const tokensMailed = async (email: string): Promise<string[]> => {
    const mails = (await world.api.mailsTo(email)).map((mail) => mail.replaceAll(/=\r\n/g, ''))
    return mails.map((mail) => /\/#\/invitations\/([\w-]{43})/.exec(mail)?.[1] ?? 'none')
  }
  /** Invites, and gives the token of the mail. */
  const invite = async (as = people.admin, email = world.guest.email, role = 'editor'): Promise<string> => {
    expect((await post(as, { email, role })).status).to.equal(201)
    return (await tokensMailed(email)).at(-1) ?? 'none'
  }
  const roleOf = async (user: TestUser) => {
    const rows = await world.api.owner
      .selectFrom('workspace_members')
      .select('role')
      .where('workspace_id', '=', world.workspace.id)
      .where('user_id', '=', user.id)
      .execute()
    return rows.map(({ role }) => role)
  }

  return Object.assign(world, { people, path, post, list, take, look, accept, outcome, tokensMailed, invite, roleOf })
}
