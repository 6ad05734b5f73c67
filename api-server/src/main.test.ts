import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { migrate } from '@mdcreator/db/migrate'
import { createTestDatabase, type TestDatabase } from '@mdcreator/db/testing'
import { until } from '@mdcreator/shared/testing'
import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { createHttpServer, listen } from './http/server.ts'

describe('the API server as a program', () => {
  let database: TestDatabase
  let redis: RedisServer
  const children: ChildProcess[] = []
  before(async function () {
    requireRedis(this)
    database = await createTestDatabase()
    redis = await startRedis()
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await redis?.stop()
    await database?.drop()
  })

  function start(environment: Record<string, string>) {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts')], {
      env: { PATH: process.env['PATH'], PORT: '0', ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(child)
    return child
  }

  async function outcome(environment: Record<string, string>) {
    const child = start(environment)
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const [code] = await once(child, 'close')
    return { code, stderr }
  }

  it('serves while it can reach the database and Redis, until SIGTERM, then ends with 0', async () => {
    const child = start({ DATABASE_URL: database.url, REDIS_URL: redis.config.url })
    for await (const line of createInterface(child.stderr)) {
      const { port } = JSON.parse(line)
      if (!port) continue
      const origin = `http://127.0.0.1:${port}`
      const ready = () => fetch(`${origin}/readyz`)
      await until(async () => (await ready()).status === 200)
      await redis.kill()
      await until(async () => (await ready()).status === 503)
      expect((await (await ready()).json()).away).to.deep.equal(['redis'])
      expect((await fetch(`${origin}/healthz`)).status).to.equal(200)
      await redis.restart()
      await until(async () => (await ready()).status === 200)
      expect((await (await fetch(`${origin}/.well-known/jwks.json`)).json()).keys).to.have.length(1)
      break
    }
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).to.deep.equal([0, null])
  })

  it('says in one line that it needs a database', async () => {
    const { code, stderr } = await outcome({})
    expect(code).to.equal(1)
    expect(stderr).to.match(/^DATABASE_URL is not set: only `npm start` brings its own database.*\n$/)
  })

  it('says in one line that it meets the collaboration server in Redis', async () => {
    const { code, stderr } = await outcome({ DATABASE_URL: database.url })
    expect(code).to.equal(1)
    expect(stderr).to.match(/^REDIS_URL is not set: .*Example: REDIS_URL=redis:.*\n$/)
  })

  it('says in one line that the database cannot be reached, without its password', async () => {
    const { code, stderr } = await outcome({
      DATABASE_URL: 'postgres://someone:canary@127.0.0.1:1/none',
      REDIS_URL: redis.config.url,
    })
    expect(code).to.equal(1)
    expect(stderr)
      .to.match(/^The database of DATABASE_URL cannot be used: nothing listens there.*\n$/)
      .and.not.contain('canary')
  })

  it('says in one line that its port is taken', async () => {
    const server = createHttpServer((_req, res) => res.end())
    const port = await listen(server, { host: '127.0.0.1', port: 0 })
    const { code, stderr } = await outcome({
      ...{ DATABASE_URL: database.url, REDIS_URL: redis.config.url },
      PORT: String(port),
    })
    server.close()
    expect(code).to.equal(1)
    expect(stderr).to.match(/^Port \d+ is taken.*\n$/)
  })

  it('says in one line which migrations are pending', async () => {
    await migrate(database.url, 'down')
    const { code, stderr } = await outcome({ DATABASE_URL: database.url, REDIS_URL: redis.config.url })
    expect(code).to.equal(1)
    expect(stderr).to.match(
      /^The database lacks the migrations 0001_foundation.*: run `node scripts\/migrate.ts up` first\n$/,
    )
  })
})
