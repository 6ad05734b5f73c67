import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@mdcreator/shared/testing'
import { expect } from 'chai'
import { migrate } from './migrate.ts'
import type { ProgramWorld } from './testing-program.ts'
import { startProxy } from './testing-proxy.ts'

/**
 * For a `describe`, after its own tests: what holds for every server that is a program of its own. `ready` is what it logs once
 * it serves, `portVariable` what sets its port.
 */
export function behavesAsServer(
  world: ProgramWorld,
  { ready, portVariable }: { ready: string; portVariable: string },
): void {
  const { start, outcome } = world

  it('waits for a database that is away, and says so once', async () => {
    const proxy = await startProxy(world.database.url)
    proxy.cut()
    const program = start({ DATABASE_URL: proxy.url })
    expect((await program.says('The database of DATABASE_URL'))['msg']).to.match(/; trying for 60 s$/)
    proxy.restore()
    await program.says(ready)
    expect(await program.terminate()).to.deep.equal([0, null])
    expect(program.said.filter((line) => line.includes('DATABASE_URL'))).to.have.length(1)
    await proxy.stop()
  })

  it('survives a rejection that nobody waits for, and counts it', async () => {
    const program = start()
    const { port } = await program.says(ready)
    program.reject()
    await program.says('an unhandled rejection')
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).to.include('unhandled_rejections_total 1\n')
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  it('has room for a thousand who connect while it is busy', async function () {
    // Elsewhere, or with less, the system takes fewer than a program asks for.
    const most = await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => '0')
    if (Number(most) < 4096) this.skip()
    const program = start()
    const { port } = await program.says(ready)
    program.freeze()
    const sockets = Array.from({ length: 1_000 }, () => connect(Number(port), '127.0.0.1'))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    for (const socket of sockets) socket.destroy()
    program.thaw()
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  it('tells how long its event loop was held up', async () => {
    const program = start()
    const { port } = await program.says(ready)
    const lag = async (): Promise<number> => {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics)?.[1])
    }
    // From a look on, the next one counts anew; the start itself was no rest either.
    await until(async () => (await lag()) < 0.1)
    program.freeze()
    await delay(200)
    program.thaw()
    await until(async () => (await lag()) > 0.1)
    expect(await program.terminate()).to.deep.equal([0, null])
  })

  const refusals: [what: string, environment: () => Record<string, string>, line: RegExp][] = [
    [
      'it needs a database',
      () => ({ DATABASE_URL: '' }),
      /^DATABASE_URL is not set: only `npm start` brings its own database.*\n$/,
    ],
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
    const { code, stderr } = await outcome({ [portVariable]: String(port), HOST: '127.0.0.1' })
    server.close()
    expect(code).to.equal(1)
    const lines = stderr.trim().split('\n')
    expect(lines.filter((line) => !line.startsWith('{')).join('\n')).to.match(
      new RegExp(`^Port ${port} is taken.* ${portVariable} .*$`),
    )
  })

  it('says in one line which migrations are pending', async () => {
    await migrate(world.database.url, 'down')
    const { code, stderr } = await outcome()
    expect(code).to.equal(1)
    expect(stderr).to.match(
      /^The database lacks the migrations 0001_foundation.*: run `node scripts\/migrate\.ts up` first\n$/,
    )
  })
}
