import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { UserError } from '@mdcreator/shared/user-error'
import { expect } from 'chai'
import { closeHttpServer, createHttpServer, listen } from './server.ts'

const host = '127.0.0.1'

describe('the HTTP server', () => {
  it('says in one line that its port is taken', async () => {
    const first = createHttpServer((_req, res) => res.end())
    const port = await listen(first, { host, port: 0 })
    const error = await listen(
      createHttpServer(() => undefined),
      { host, port },
    ).catch((caught: unknown) => caught)
    await closeHttpServer(first)
    expect(error).to.be.instanceOf(UserError)
    expect((error as UserError).message)
      .to.contain(`Port ${port} is taken`)
      .and.contain('PORT')
  })

  it('says that an address is not of this machine', async () => {
    const server = createHttpServer(() => undefined)
    const error = await listen(server, { host: '192.0.2.1', port: 0 }).catch((caught: unknown) => caught)
    expect((error as UserError).message).to.contain('HOST')
  })

  it('lets a request finish, and is not held by a connection that is kept alive', async () => {
    let answer = () => {}
    const asked = Promise.withResolvers<void>()
    const server = createHttpServer((_req, res) => {
      answer = () => res.end('done')
      asked.resolve()
    })
    const port = await listen(server, { host, port: 0 })
    const agent = new Agent({ keepAlive: true })
    const status = new Promise((resolve, reject) => {
      get({ host, port, agent }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode))
      }).on('error', reject)
    })
    await asked.promise
    const closed = closeHttpServer(server, 10_000)
    answer()
    expect(await status).to.equal(200)
    const start = performance.now()
    await closed
    expect(performance.now() - start).to.be.lessThan(2_000)
    agent.destroy()
  })

  for (const [what, request, status, slug] of [
    ['what is no HTTP', 'HELLO\r\n\r\n', 400, 'malformed-request'],
    ['headers that are too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ] as const) {
    it(`answers ${what} with problem details, and hangs up`, async () => {
      const server = createHttpServer((_req, res) => res.end())
      const port = await listen(server, { host, port: 0 })
      const socket = connect({ host, port })
      // A whole request first: a kept-alive connection is answered as well.
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await new Promise((resolve) => socket.once('readable', resolve))
      socket.write(request)
      const [, , ...rest] = (await text(socket)).split('HTTP/1.1 ')
      await closeHttpServer(server)
      expect(rest).to.have.length(1)
      const [head = '', body = ''] = String(rest[0]).split('\r\n\r\n')
      expect(head)
        .to.match(new RegExp(`^${status} `))
        .and.contain('Content-Type: application/problem+json')
      expect(JSON.parse(body)).to.include({ status, type: `https://mdcreator.app/problems/${slug}` })
    })
  }

  it('does not write into an answer that has begun', async () => {
    const server = createHttpServer((_req, res) => res.writeHead(200, { 'Content-Length': 9 }).write('half'))
    const port = await listen(server, { host, port: 0 })
    const socket = connect({ host, port })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => socket.once('readable', resolve))
    socket.write('HELLO\r\n\r\n')
    expect(await text(socket).catch(() => 'cut')).to.satisfy((got: string) => got === 'cut' || got.endsWith('half'))
    await closeHttpServer(server, 0)
  })

  it('cuts a request that outlives the grace', async () => {
    const asked = Promise.withResolvers<void>()
    const server = createHttpServer(() => asked.resolve())
    const port = await listen(server, { host, port: 0 })
    const failed = fetch(`http://${host}:${port}`).catch((error: unknown) => error)
    await asked.promise
    await closeHttpServer(server, 20)
    expect(await failed).to.be.instanceOf(TypeError)
  })
})
