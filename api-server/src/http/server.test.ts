import { Agent, get } from 'node:http'
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
