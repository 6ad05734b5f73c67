import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { createWorkspace, type RequestOptions, signUp, startApi, type TestUser, testApi, testUser } from '../testing.ts'

const slugOf = (body: { type: string }) => body.type.replace('https://mdcreator.app/problems/', '')

describe('the HTTP side of the API', () => {
  const api = testApi()
  const user = testUser(api)

  const post = (options: RequestOptions) => api.request('POST', '/workspaces', { token: user.token, ...options })

  it('answers failures as problem details with the id of the request', async () => {
    const { status, headers, body } = await api.request('GET', '/nowhere', { headers: { 'X-Request-Id': 'abc-1.2_3' } })
    expect(status).to.equal(404)
    expect(headers.get('Content-Type')).to.equal('application/problem+json; charset=utf-8')
    expect(headers.get('X-Request-Id')).to.equal('abc-1.2_3')
    expect(body).to.deep.equal({
      type: 'https://mdcreator.app/problems/not-found',
      title: 'Not found',
      status: 404,
      detail: 'There is nothing here, or it is not visible to you',
      instance: 'abc-1.2_3',
    })
  })

  it('replaces a request id that could do harm', async () => {
    for (const id of ['a b', 'x'.repeat(129), '<script>', 'a/b']) {
      const { headers } = await api.request('GET', '//healthz', { headers: { 'X-Request-Id': id } })
      expect(headers.get('X-Request-Id')).to.match(/^[0-9a-f-]{36}$/)
    }
  })

  const malformed: [string, RequestOptions][] = [
    ['broken JSON', { raw: '{"name": ' }],
    ['an empty body', { raw: '' }],
    ['no body', {}],
    ['bytes that are no UTF-8', { raw: new Uint8Array([0x22, 0xff, 0x22]) }],
    ['deep nesting', { raw: `{"name": ${'['.repeat(100_000)}${']'.repeat(100_000)}}` }],
    ['a body that is not what Content-Encoding says', { raw: '{}', headers: { 'Content-Encoding': 'gzip' } }],
  ]
  for (const [what, options] of malformed) {
    it(`refuses ${what} with 400`, async () => {
      const { status, body } = await post(options)
      expect(status).to.equal(400)
      expect(slugOf(body)).to.equal('malformed-request')
    })
  }

  it('does not count brackets in strings as nesting', async () => {
    expect((await post({ body: { name: `${'['.repeat(100)}"\\` } })).status).to.equal(201)
  })

  it('refuses another media type, charset or encoding with 415', async () => {
    for (const headers of [
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      { 'Content-Type': 'application/json; charset=latin1' },
      { 'Content-Encoding': 'compress' },
    ]) {
      const { status, body } = await post({ raw: '{"name":"x"}', headers: headers as Record<string, string> })
      expect(status, JSON.stringify(headers)).to.equal(415)
      expect(slugOf(body)).to.equal('unsupported-media-type')
    }
    const headers = { 'Content-Type': 'application/json; charset=UTF-8' }
    expect((await post({ raw: '{"name":"x"}', headers })).status).to.equal(201)
  })

  it('takes a compressed body, and refuses one that unpacks to too much with 413', async () => {
    const headers = { 'Content-Encoding': 'gzip' }
    expect((await post({ raw: gzipSync('{"name":"x"}'), headers })).status).to.equal(201)
    const bomb = gzipSync(JSON.stringify({ name: 'x'.repeat(50_000_000) }))
    expect((await post({ raw: bomb, headers })).status).to.equal(413)
  })

  it('refuses a body over 1 MiB with 413, and a stranger before reading it', async () => {
    const body = { name: 'x'.repeat(1024 * 1024) }
    expect(slugOf((await post({ body })).body)).to.equal('too-large')
    expect((await api.request('POST', '/workspaces', { body })).status).to.equal(401)
  })

  it('points to each fault of a body', async () => {
    const { status, body } = await post({ raw: '{"name": 7, "a/b~c": 1, "__proto__": {"x": 1}}' })
    expect(status).to.equal(422)
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).to.have.members([
      '/name',
      '/a~1b~0c',
      '/__proto__',
    ])
    for (const fault of body.errors) expect(fault.detail).to.be.a('string')
  })

  it('answers other methods on known paths with 405 and Allow', async () => {
    const answer = await api.request('DELETE', '/workspaces', { token: user.token })
    expect(answer.status).to.equal(405)
    expect(answer.headers.get('Allow')).to.equal('GET, HEAD, OPTIONS, POST')
    const options = await api.request('OPTIONS', '/workspaces')
    expect(options.status).to.equal(204)
    expect(options.headers.get('Allow')).to.equal('GET, HEAD, OPTIONS, POST')
  })

  it('answers paths that cannot be decoded with 404', async () => {
    for (const path of ['/documents/%zz', '/workspaces/%E0%A4%A', '/%00']) {
      const { status, body } = await api.request('GET', path, { token: user.token })
      expect(status).to.equal(404)
      expect(slugOf(body)).to.equal('not-found')
    }
  })

  it('lets known origins in, without credentials, and shows them the headers they need', async () => {
    const ask = (origin: string) => api.request('GET', '//healthz', { headers: { Origin: origin } })
    const known = await ask('https://app.example.com')
    expect(known.headers.get('Access-Control-Allow-Origin')).to.equal('https://app.example.com')
    expect(known.headers.get('Access-Control-Allow-Credentials')).to.equal(null)
    for (const name of ['ETag', 'Location', 'X-Request-Id', 'Retry-After']) {
      expect(known.headers.get('Access-Control-Expose-Headers')).to.contain(name)
    }
    expect((await ask('https://evil.example.com')).headers.get('Access-Control-Allow-Origin')).to.equal(null)
    const preflight = await api.request('OPTIONS', '/workspaces', {
      headers: { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'PATCH' },
    })
    expect(preflight.status).to.equal(204)
    expect(preflight.headers.get('Access-Control-Allow-Headers')).to.contain('If-Match')
  })

  it('sends headers that keep browsers from doing anything with an answer', async () => {
    const { headers } = await api.request('GET', '//healthz')
    expect(headers.get('X-Powered-By')).to.equal(null)
    expect(headers.get('X-Content-Type-Options')).to.equal('nosniff')
    expect(headers.get('Content-Security-Policy')).to.equal("default-src 'none';frame-ancestors 'none'")
  })

  it('never shows what went wrong inside', async () => {
    const secret = 'canary-4711'
    const failing = await startApi({
      db: api.owner.withPlugin({
        transformQuery: ({ node }) => node,
        transformResult: () => Promise.reject(new Error(`syntax error at ${secret}`)),
      }),
    })
    const answer = await failing.request('POST', '/auth/login', { body: { email: 'a@example.com', password: 'x' } })
    expect(answer.status).to.equal(500)
    expect(answer.text).not.to.contain(secret).and.not.contain('.ts')
    await failing.stop()
  })

  it('serves what a fallback has, and 404 for the rest', async () => {
    const served = await startApi({
      fallback: (req, res, next) => (req.path === '/' ? res.type('html').send('<p>page</p>') : next()),
    })
    expect((await served.request('GET', '//')).text).to.equal('<p>page</p>')
    expect((await served.request('GET', '//nowhere')).status).to.equal(404)
    await served.stop()
  })

  it('keeps workspaces apart under load on few connections', async () => {
    const users = await Promise.all(Array.from({ length: 8 }, () => signUp(api)))
    await Promise.all(users.map((each) => createWorkspace(api, each, each.id)))
    const lists = await Promise.all(
      Array.from({ length: 80 }, (_, i) => {
        const each = users[i % users.length] as TestUser
        return api
          .request('GET', '/workspaces', { token: each.token })
          .then(({ body }) => [each.id, body.items] as const)
      }),
    )
    for (const [id, items] of lists) expect(items.map((item: { name: string }) => item.name)).to.deep.equal([id])
  })
})
