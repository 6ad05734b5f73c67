import { newId } from '@mdcreator/shared/ids'
import { roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import type { Endpoint } from './http/endpoint.ts'
import { type Answer, type Json, type TestUser, testApi } from './testing.ts'
import { listEndpoints } from './testing-endpoints.ts'
import { exampleBody, fillPath, makePeople, makeWorld, type People, type World } from './testing-world.ts'

const injections = [
  "'; drop table documents; --",
  '" or 1=1 --',
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  '{{7*7}}<%= 7*7 %>',
  '%00%0d%0aX-Injected: 1',
  'x\r\nX-Injected: 1',
  '__proto__',
  '\u202e\ud83d\ude00'.repeat(20),
  'x'.repeat(10_000),
]
const planted = {
  role: 'owner',
  owner_id: newId(),
  workspace_id: newId(),
  created_by: newId(),
  deleted_at: null,
  is_admin: true,
}

describe('a workspace', function () {
  this.timeout(180_000)
  const api = testApi()
  let document: Json
  let endpoints: Endpoint[]
  let victims: People
  let attackers: People
  let theirs: World
  let mine: World
  let canaries: string[]
  before(async () => {
    api.bus.handle('document.presence', async () => ({ people: [] }))
    document = (await api.request('GET', '//openapi.json')).body
    // Nobody can use a session that has ended.
    endpoints = listEndpoints().filter(({ operationId }) => !['logout', 'deleteMe', 'endSession'].includes(operationId))
    victims = await makePeople(api, 'canary-name-')
    attackers = await makePeople(api, 'attacker ')
    theirs = await makeWorld(api, victims, victims.target.email)
    mine = await makeWorld(api, attackers, `${newId()}@example.com`)
    const emails = Object.values(victims).map(({ email }) => email)
    canaries = [...theirs.canaries, ...emails, 'canary-name-']
  })

  const leaksIn = ({ text, headers }: Answer): string[] => {
    const all = text + JSON.stringify([...headers])
    return canaries.filter((canary) => all.includes(canary))
  }
  const call = (item: Endpoint, user: TestUser, path: string, body: Json, headers: Record<string, string> = {}) =>
    api.request(item.method.toUpperCase(), path, {
      token: user.token,
      headers,
      ...(item.request.body && { body }),
    })
  /** What the example says of the victims' objects, and again with each of one's own in place of one of theirs. */
  const mixtures = (): Record<string, string>[] => {
    const { token: _, ...ids } = theirs.ids
    return [ids, ...Object.keys(ids).map((name) => ({ ...ids, [name]: mine.ids[name] ?? newId() }))]
  }
  /** ETags and cursors that the victims got. */
  const collect = async (path: string) => {
    const { headers, body } = await api.request('GET', path, { token: victims.owner.token })
    return { etag: headers.get('ETag') ?? '"x"', cursor: body?.next_cursor as string | null | undefined }
  }

  it('shows nothing to members of others, whatever they send', async () => {
    let requests = 0
    const leaks: string[] = []
    const note = (item: Endpoint, answer: Answer) => {
      requests++
      leaks.push(...leaksIn(answer).map((canary) => `${item.operationId}: ${canary}`))
    }
    for (const item of endpoints) {
      for (const ids of mixtures()) {
        const path = fillPath(item, { ...ids, token: 'x'.repeat(43) })
        if (path === undefined) throw new Error(`${item.path} has a parameter that this test does not know`)
        const body = exampleBody(document, item, ids)
        for (const role of roles) {
          note(item, await call(item, attackers[role], path, body))
          if (item.method !== 'get') continue
          const own = fillPath(item, theirs.ids) ?? path
          const { etag, cursor } = await collect(own)
          note(item, await call(item, attackers[role], path, body, { 'If-None-Match': etag }))
          note(item, await call(item, attackers[role], path, body, { 'If-None-Match': '*' }))
          if (cursor) note(item, await call(item, attackers[role], `${path}?cursor=${cursor}`, body))
        }
      }
    }
    expect(leaks).to.deep.equal([])
    expect(
      leaksIn(await api.request('GET', `/documents/${theirs.ids['document_id']}`, { token: victims.viewer.token })),
    ).to.have.length.above(1)
    // biome-ignore lint/suspicious/noConsole: the count is the result
    console.log(`      ${requests} requests, leaks 0`)
  })

  it('does not take the cursor of a list of others', async () => {
    const list = (world: World, user: TestUser, query: string) =>
      api.request('GET', `/workspaces/${world.workspaceId}/members?${query}`, { token: user.token })
    const { next_cursor } = (await list(theirs, victims.owner, 'limit=1')).body
    expect((await list(theirs, victims.owner, `cursor=${next_cursor}`)).status).to.equal(200)
    expect((await list(mine, attackers.owner, `cursor=${next_cursor}`)).status).to.equal(422)
  })

  it('is not changed by any of that', async () => {
    const path = `/workspaces/${theirs.workspaceId}`
    const get = async (rest: string) => (await api.request('GET', path + rest, { token: victims.owner.token })).body
    expect((await get('')).name).to.equal(theirs.canaries[0])
    expect((await get('/members')).items.map(({ role }: Json) => role).sort()).to.deep.equal(
      [...roles, 'viewer'].sort(),
    )
    expect((await get('/documents')).items).to.have.length(1)
    expect((await get('/invitations')).items).to.have.length(2)
  })

  it('takes no property that is not declared, in any body', async () => {
    let requests = 0
    for (const item of endpoints) {
      const example = exampleBody(document, item, mine.ids)
      // OAuth's own endpoint answers in its own way (RFC 6749, section 5.2).
      if (example === undefined || item.operationId === 'createTokens') continue
      const path = fillPath(item, mine.ids) ?? ''
      for (const [name, value] of Object.entries(planted)) {
        if (name in example) continue
        requests++
        const answer = await call(item, attackers.owner, path, { ...example, [name]: value })
        expect(answer.status, `${item.operationId} with ${name}`).to.equal(422)
        expect(answer.body.errors.map(({ pointer }: Json) => pointer)).to.include(`/${name}`)
      }
    }
    expect(requests).to.be.above(20)
  })

  it('is not harmed by texts that mean something to a database, a shell or a browser', async () => {
    let requests = 0
    for (const item of endpoints) {
      const path = fillPath(item, mine.ids) ?? ''
      const example = exampleBody(document, item, mine.ids)
      const parameters: Json[] = document.paths[item.path][item.method].parameters ?? []
      for (const text of injections) {
        const send = async (where: string, answer: Promise<Answer>) => {
          requests++
          const { status, headers } = await answer
          expect(status, `${item.operationId}: ${where} ${text.slice(0, 30)}`).to.be.below(500)
          expect(headers.has('X-Injected')).to.equal(false)
        }
        for (const { name, in: place } of parameters) {
          const value = encodeURIComponent(text)
          if (place === 'query') await send(name, call(item, attackers.editor, `${path}?${name}=${value}`, example))
          if (place !== 'path') continue
          const ids = { ...mine.ids, [name]: text }
          await send(name, call(item, attackers.editor, fillPath(item, ids) ?? '', example))
        }
        for (const [name, value] of Object.entries(example ?? {})) {
          if (typeof value !== 'string') continue
          await send(name, call(item, attackers.editor, path, { ...example, [name]: text }))
        }
      }
    }
    const rows = await api.owner.selectFrom('documents').select('id').execute()
    expect(rows.length).to.be.above(1)
    // biome-ignore lint/suspicious/noConsole: the count is the result
    console.log(`      ${requests} requests, failures 0`)
  })
})
