import { readFileSync } from 'node:fs'
import { signUp, startApi, type TestApi } from '@mdcreator/api-server/testing'
import { expect } from 'chai'
import { example } from './example.ts'
import { ApiError, allItems, createClient, memoryStore } from './index.ts'

describe('the client', () => {
  let api: TestApi
  before(async () => {
    api = await startApi()
  })
  after(() => api.stop())

  /** A signed-in client whose access token is not good, and what it sends. */
  const expired = async () => {
    const { token, refreshToken } = await signUp(api)
    const store = memoryStore({ access_token: `${token.slice(0, -8)}AAAAAAAA`, refresh_token: refreshToken })
    const sent: Request[] = []
    const client = createClient({
      baseUrl: api.origin,
      token: store,
      fetch: (request) => {
        sent.push(request.clone())
        return fetch(request)
      },
    })
    const refreshes = () => sent.filter(({ url }) => url.endsWith('/auth/refresh'))
    return { client, sent, refreshes, tokens: store.read }
  }

  it('does what its README shows', async () => {
    expect(await example(api.origin, 'reader@example.com')).to.deep.equal(['Owls', '412: somebody else was faster'])
    const source = readFileSync(new URL('./example.ts', import.meta.url), 'utf8')
    const body = source.slice(source.indexOf('  const store'), source.lastIndexOf('  return titles'))
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    expect(readme).to.contain(body.trim().replaceAll(/^ {2}/gm, ''))
  })

  it('refreshes once for many requests, and sends each again with the same key', async () => {
    const { client, sent, refreshes, tokens } = await expired()
    const names = ['one', 'two', 'three', 'four', 'five']
    await Promise.all(names.map((name) => client.POST('/workspaces', { body: { name } })))
    expect(refreshes()).to.have.length(1)
    const { data } = await client.GET('/workspaces', { params: { query: { limit: 2 } } })
    expect(data.items).to.have.length(2)
    expect(refreshes()).to.have.length(1)
    const page = (query: { cursor?: string }) =>
      client.GET('/workspaces', { params: { query: { limit: 2, ...query } } })
    const found: string[] = []
    for await (const { name } of allItems(page)) found.push(name)
    expect(found).to.have.members(names)
    const keys = sent.filter(({ method, url }) => method === 'POST' && url.endsWith('/workspaces'))
    expect(keys).to.have.length(10)
    expect(new Set(keys.map(({ headers }) => headers.get('Idempotency-Key'))).size).to.equal(5)
    expect(tokens()?.access_token).to.match(/^eyJ/)
  })

  it('says that the session has ended, and forgets its tokens', async () => {
    const { client, tokens } = await expired()
    const ended = tokens()
    await fetch(`${api.origin}/api/v1/auth/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: ended?.refresh_token }),
    })
    const error = await client.GET('/users/me').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(ApiError).and.include({ status: 401, slug: 'unauthenticated' })
    expect(tokens()).to.equal(null)
  })

  it('throws problems, with their members and what is wrong where', async () => {
    const { token } = await signUp(api)
    const client = createClient({ baseUrl: `${api.origin}/`, token })
    const error = await client.POST('/workspaces', { body: { name: '' } }).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ApiError).and.include({ status: 422, slug: 'invalid-request' })
    expect((error as ApiError).problem?.errors).to.deep.equal([{ pointer: '/name', detail: 'must not be empty' }])
  })

  it('gives up after its time', async () => {
    const never = (request: Request) =>
      new Promise<Response>((_resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason))
      })
    const client = createClient({ baseUrl: api.origin, fetch: never, timeoutMs: 20 })
    const error = await client.GET('/users/me').catch((reason: unknown) => reason)
    expect(error).to.include({ name: 'TimeoutError' })
  })
})
