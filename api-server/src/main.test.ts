import path from 'node:path'
import { migrate } from '@mdcreator/db/migrate'
import { programWorld } from '@mdcreator/db/testing-program'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { until } from '@mdcreator/shared/testing'
import { expect } from 'chai'
import { createHttpServer, listen } from './http/server.ts'

describe('the API server as a program', () => {
  const world = programWorld(path.join(import.meta.dirname, 'main.ts'), { PORT: '0' })
  const { start, outcome } = world

  it('serves while it can reach the database and Redis, until SIGTERM, then ends with 0', async () => {
    const program = start()
    const { port } = await program.says('is listening')
    const origin = `http://127.0.0.1:${port}`
    const ready = () => fetch(`${origin}/readyz`)
    await until(async () => (await ready()).status === 200)
    await world.redis.kill()
    await until(async () => (await ready()).status === 503)
    expect((await (await ready()).json()).away).to.deep.equal(['redis'])
    expect((await fetch(`${origin}/healthz`)).status).to.equal(200)
    await world.redis.restart()
    await until(async () => (await ready()).status === 200)
    expect((await (await fetch(`${origin}/.well-known/jwks.json`)).json()).keys).to.have.length(1)
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  it('waits for a database that is away, and says so once', async () => {
    const proxy = await startProxy(world.database.url)
    proxy.cut()
    const program = start({ DATABASE_URL: proxy.url })
    expect((await program.says('The database of DATABASE_URL'))['msg']).to.match(/; trying for 60 s$/)
    proxy.restore()
    await program.says('is listening')
    expect(await program.terminate()).to.deep.equal([0, null])
    expect(program.said.filter((line) => line.includes('DATABASE_URL'))).to.have.length(1)
    await proxy.stop()
  })

  it('survives a rejection that nobody waits for, and counts it', async () => {
    const program = start()
    const { port } = await program.says('is listening')
    program.reject()
    await program.says('an unhandled rejection')
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).to.include('unhandled_rejections_total 1\n')
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  it('says in one line that it needs a database', async () => {
    const { code, stderr } = await outcome({ DATABASE_URL: '' })
    expect(code).to.equal(1)
    expect(stderr).to.match(/^DATABASE_URL is not set: only `npm start` brings its own database.*\n$/)
  })

  it('says in one line that it meets the collaboration server in Redis', async () => {
    const { code, stderr } = await outcome({ REDIS_URL: '' })
    expect(code).to.equal(1)
    expect(stderr).to.match(/^REDIS_URL is not set: .*Example: REDIS_URL=redis:.*\n$/)
  })

  it('says in one line that the database cannot be reached, without its password', async () => {
    const { code, stderr } = await outcome({
      DATABASE_URL: 'postgres://someone:canary@127.0.0.1:1/none',
      DATABASE_WAIT_SECONDS: '0',
    })
    expect(code).to.equal(1)
    expect(stderr)
      .to.match(/^The database of DATABASE_URL cannot be used: nothing listens there.*\n$/)
      .and.not.contain('canary')
  })

  it('says in one line that its port is taken', async () => {
    const server = createHttpServer((_req, res) => res.end())
    const port = await listen(server, { host: '127.0.0.1', port: 0 })
    const { code, stderr } = await outcome({ PORT: String(port) })
    server.close()
    expect(code).to.equal(1)
    expect(stderr).to.match(/^Port \d+ is taken.*\n$/)
  })

  it('says in one line which migrations are pending', async () => {
    await migrate(world.database.url, 'down')
    const { code, stderr } = await outcome()
    expect(code).to.equal(1)
    expect(stderr).to.match(
      /^The database lacks the migrations 0001_foundation.*: run `node scripts\/migrate.ts up` first\n$/,
    )
  })
})
