import { newId } from '@mdcreator/shared/ids'
import { can, type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import type { Endpoint } from './http/endpoint.ts'
import { type Json, signUp, type TestUser, testApi } from './testing.ts'
import { listEndpoints } from './testing-endpoints.ts'
import { exampleBody, fillPath, makePeople, makeWorld, type People } from './testing-world.ts'

type Actor = Role | 'stranger' | 'anonymous'
type Verdict = 'allowed' | 'forbidden' | 'hidden' | 'unauthenticated'

/** What an endpoint without a permission answers to whoever has signed in, and to whom else. */
type Open = 'everybody' | 'signed-in'

/**
 * Every endpoint that no permission guards, so that a new one has to be thought about here. `fresh`: it ends what it is
 * called with. `allowed`: how it answers where nothing but its own rules refuses it.
 */
const open: Record<string, { to: Open; allowed?: number[]; fresh?: boolean }> = {
  signup: { to: 'everybody' },
  verifyEmail: { to: 'everybody', allowed: [422] },
  login: { to: 'everybody', allowed: [401] },
  refresh: { to: 'everybody', allowed: [401] },
  forgotPassword: { to: 'everybody' },
  resetPassword: { to: 'everybody', allowed: [422] },
  listSessions: { to: 'signed-in' },
  endSession: { to: 'signed-in' },
  // Without their parameters: a form and a page for people, and an answer of OAuth's own.
  authorize: { to: 'everybody', allowed: [400, 422] },
  signInToApp: { to: 'everybody', allowed: [400, 422] },
  createTokens: { to: 'everybody', allowed: [400] },
  logout: { to: 'signed-in', fresh: true },
  createPersonalAccessToken: { to: 'signed-in' },
  listPersonalAccessTokens: { to: 'signed-in' },
  revokePersonalAccessToken: { to: 'signed-in' },
  getMe: { to: 'signed-in' },
  updateMe: { to: 'signed-in' },
  deleteMe: { to: 'signed-in', fresh: true },
  createWorkspace: { to: 'signed-in' },
  listWorkspaces: { to: 'signed-in' },
  getInvitation: { to: 'everybody' },
  // Of those who are members already; others are not who was invited.
  acceptInvitation: { to: 'signed-in', allowed: [403, 409] },
  getSigningKeys: { to: 'everybody' },
  getIssuer: { to: 'everybody' },
  getHealth: { to: 'everybody' },
  getReadiness: { to: 'everybody' },
  getMetrics: { to: 'everybody' },
}

/** Bodies that the document's example does not fit. */
const bodies: Record<string, () => object> = {
  signup: () => ({ email: `${newId()}@example.com`, password: 'Passw0rd!', display_name: 'Somebody' }),
  createInvitation: () => ({ email: `${newId()}@example.com`, role: 'viewer' }),
  createPersonalAccessToken: () => ({ name: 'Export', scopes: ['profile:read'] }),
  login: () => ({ email: `${newId()}@example.com`, password: 'Passw0rd!' }),
  updateDocument: () => ({ title: 'Another' }),
  updateMember: () => ({ role: 'commenter' }),
}

const verdicts: Record<number, Verdict> = { 401: 'unauthenticated', 403: 'forbidden', 404: 'hidden' }

describe('every endpoint for everybody', function () {
  this.timeout(180_000)
  const api = testApi()
  let document: Json
  let people: People
  let stranger: TestUser
  let foreigners: People
  before(async () => {
    api.bus.handle('document.presence', async () => ({ people: [] }))
    document = (await api.request('GET', '//openapi.json')).body
    people = await makePeople(api)
    foreigners = await makePeople(api, 'foreign ')
    stranger = await signUp(api)
  })

  const userOf = (actor: Actor) => (actor === 'anonymous' ? undefined : actor === 'stranger' ? stranger : people[actor])

  /** The rights of somebody who calls an endpoint at an object of the own workspace, or of one of others. */
  function expected(item: Endpoint, actor: Actor, isOwn: boolean): Verdict {
    const to = open[item.operationId]?.to
    if (to === 'everybody') return 'allowed'
    if (actor === 'anonymous') return 'unauthenticated'
    if (to === 'signed-in') return 'allowed'
    if (!item.permission) throw new Error(`${item.operationId} has neither a permission nor a line in this test`)
    if (actor === 'stranger' || !isOwn) return 'hidden'
    return can(actor, item.permission) ? 'allowed' : 'forbidden'
  }

  async function call(item: Endpoint, actor: Actor, isOwn: boolean): Promise<{ status: number; verdict: Verdict }> {
    const rule = open[item.operationId]
    const user = rule?.fresh && actor !== 'anonymous' ? await signUp(api) : userOf(actor)
    const world = await makeWorld(api, isOwn ? people : foreigners, `${newId()}@example.com`)
    const ids: Record<string, string> = { ...world.ids, ...(user && (await ownIds(user))) }
    const path = fillPath(item, ids)
    if (path === undefined) throw new Error(`${item.path} has a parameter that this test does not know`)
    const body = bodies[item.operationId]?.() ?? exampleBody(document, item, ids)
    const answer = await api.request(item.method.toUpperCase(), path, {
      token: user?.token,
      ...(item.request.body && { body }),
    })
    const isOk = (answer.status >= 200 && answer.status < 300) || rule?.allowed?.includes(answer.status)
    return { status: answer.status, verdict: isOk ? 'allowed' : (verdicts[answer.status] ?? 'allowed') }
  }

  /** A token and a session that are the user's own, and may end. */
  async function ownIds({ id: user_id }: TestUser): Promise<Record<string, string>> {
    const [token_id, session_id] = [newId(), newId()]
    const hash = Buffer.from(newId().slice(0, 32))
    const token = { id: token_id, user_id, name: 'x', token_hash: hash, last_four: 'abcd', scopes: ['profile:read'] }
    await api.owner.insertInto('personal_access_tokens').values(token).execute()
    const expires_at = new Date(Date.now() + 3_600_000)
    await api.owner
      .insertInto('sessions')
      .values({ id: session_id, user_id, refresh_token_hash: hash, expires_at })
      .execute()
    return { token_id, session_id }
  }

  it('answers as the permission matrix says', async () => {
    const actors: Actor[] = [...roles, 'stranger', 'anonymous']
    const unexpected: string[] = []
    const counts: Record<Verdict, number> = { allowed: 0, forbidden: 0, hidden: 0, unauthenticated: 0 }
    const endpoints = listEndpoints()
    for (const item of endpoints) {
      for (const isOwn of [true, false]) {
        for (const actor of actors) {
          const wanted = expected(item, actor, isOwn)
          const { status, verdict } = await call(item, actor, isOwn)
          counts[verdict]++
          const isFailure = wanted === 'allowed' && status >= 400 && !open[item.operationId]?.allowed?.includes(status)
          if (verdict !== wanted || isFailure) {
            unexpected.push(`${item.operationId} by ${actor} in ${isOwn ? 'own' : 'foreign'}: ${status}, not ${wanted}`)
          }
        }
      }
    }
    expect(unexpected).to.deep.equal([])
    const all = Object.values(counts).reduce((a, b) => a + b)
    expect(all).to.equal(endpoints.length * actors.length * 2)
    // biome-ignore lint/suspicious/noConsole: the counts are the result
    console.log(`      ${endpoints.length} endpoints, ${all} requests: ${JSON.stringify(counts)}, unexpected 0`)
  })

  it('has a line above for each endpoint without a permission, and for no other', () => {
    const without = listEndpoints().flatMap((item) => (item.permission ? [] : [item.operationId]))
    expect(Object.keys(open)).to.have.members(without)
  })
})
