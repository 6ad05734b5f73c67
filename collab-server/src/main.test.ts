import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import path from 'node:path'
import { freePort } from '@mdcreator/db/embedded/ports'
import { migrate } from '@mdcreator/db/migrate'
import { programWorld } from '@mdcreator/db/testing-program'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { expect } from 'chai'
import { openSocket, until } from './testing.ts'

describe('the collab server as a program', () => {
  const world = programWorld(path.join(import.meta.dirname, 'main.ts'), {
    COLLAB_PORT: '0',
    COLLAB_REHEARSAL: 'false',
  })
  const { start, outcome } = world

  it('starts while Redis is away, says so once, and ends with 0 at SIGTERM', async () => {
    const program = start({ REDIS_URL: 'redis://:canary@127.0.0.1:1' })
    const { port } = await program.says('is ready')
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).to.equal(204)
    expect(await program.terminate()).to.deep.equal([0, null])
    expect(program.said.filter((line) => /redis/i.test(line))).to.have.length(1)
    expect(program.said.join('\n')).to.not.include('canary')
  })

  it('waits for a database that is away, and says so once', async () => {
    const proxy = await startProxy(world.database.url)
    proxy.cut()
    const program = start({ DATABASE_URL: proxy.url })
    expect((await program.says('The database of DATABASE_URL'))['msg']).to.match(/; trying for 60 s$/)
    proxy.restore()
    await program.says('is ready')
    expect(await program.terminate()).to.deep.equal([0, null])
    expect(program.said.filter((line) => line.includes('DATABASE_URL'))).to.have.length(1)
    await proxy.stop()
  })

  it('survives a rejection that nobody waits for, and counts it', async () => {
    const program = start()
    const { port } = await program.says('is ready')
    program.reject()
    await program.says('an unhandled rejection')
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).to.include('unhandled_rejections_total 1\n')
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  it('is not ready before it has rehearsed, which it leaves off where somebody connects', async () => {
    const port = await freePort()
    const program = start({ COLLAB_PORT: String(port), COLLAB_REHEARSAL: 'true' })
    const ready = (): Promise<number | null> =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status,
        () => null,
      )
    await until(async () => (await ready()) === 503)
    const { ws } = await openSocket(`ws://127.0.0.1:${port}/collab`)
    // The round that it is in counts for nothing, and there are ten.
    expect((await program.says('rehearsed'))['visits']).to.be.below(500)
    await program.says('is ready')
    expect(await ready()).to.equal(204)
    ws.terminate()
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  it('is alive, but not ready, while the database is away', async () => {
    const proxy = await startProxy(world.database.url)
    const program = start({ DATABASE_URL: proxy.url })
    const { port } = await program.says('is ready')
    const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect([await status('/healthz'), await status('/readyz')]).to.deep.equal([204, 204])
    proxy.cut()
    await until(async () => (await status('/readyz')) === 503)
    expect(await status('/healthz')).to.equal(204)
    proxy.restore()
    await until(async () => (await status('/readyz')) === 204)
    expect(await program.terminate()).to.deep.equal([0, null])
    await proxy.stop()
  })

  it('has room for a thousand who connect while it is busy', async function () {
    // Elsewhere, or with less, the system takes fewer than a program asks for.
    const most = await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => '0')
    if (Number(most) < 4096) this.skip()
    const program = start()
    const { port } = await program.says('is ready')
    program.freeze()
    const sockets = Array.from({ length: 1_000 }, () => connect(Number(port), '127.0.0.1'))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    for (const socket of sockets) socket.destroy()
    program.thaw()
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  const refusals: [what: string, environment: () => Record<string, string>, line: RegExp][] = [
    ['it needs a database', () => ({ DATABASE_URL: '' }), /^DATABASE_URL is not set: .*\n$/],
    ['it needs Redis', () => ({ REDIS_URL: '' }), /^REDIS_URL is not set: .*Example: REDIS_URL=redis:.*\n$/],
    [
      'the database cannot be reached, without its password',
      () => ({ DATABASE_URL: 'postgres://someone:canary@127.0.0.1:1/none', DATABASE_WAIT_SECONDS: '0' }),
      /^The database of DATABASE_URL cannot be used: nothing listens there((?!canary).)*\n$/,
    ],
    [
      'there is no such database',
      () => ({ DATABASE_URL: world.database.url.replace(/\/[^/]*$/, '/none') }),
      /^The database of DATABASE_URL cannot be used: there is no database of that name.*\n$/,
    ],
    [
      'its URL is none',
      () => ({ DATABASE_URL: 'localhost:5432' }),
      /^DATABASE_URL is not usable: .*Example: DATABASE_URL=postgres:.*\n$/,
    ],
  ]
  for (const [what, environment, line] of refusals) {
    it(`says in one line that ${what}`, async () => {
      const { code, stderr } = await outcome(environment())
      expect(code).to.equal(1)
      expect(stderr).to.match(line)
    })
  }

  it('says in one line that its port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { code, stderr } = await outcome({ COLLAB_PORT: String(port), HOST: '127.0.0.1' })
    server.close()
    expect(code).to.equal(1)
    expect(stderr.split('\n').find((line) => !line.startsWith('{'))).to.match(/^Port \d+ is taken.*COLLAB_PORT/)
  })

  it('says in one line which migrations are pending', async () => {
    await migrate(world.database.url, 'down')
    const { code, stderr } = await outcome()
    expect(code).to.equal(1)
    expect(stderr).to.match(/^The database lacks the migrations 0001_foundation.*node scripts\/migrate\.ts up.*\n$/)
  })
})
