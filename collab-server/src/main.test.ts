import path from 'node:path'
import { freePort } from '@mdcreator/db/embedded/ports'
import { programWorld } from '@mdcreator/db/testing-program'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { behavesAsServer } from '@mdcreator/db/testing-server-program'
import { expect } from 'chai'
import { openSocket, until } from './testing.ts'

describe('the collab server as a program', () => {
  const world = programWorld(path.join(import.meta.dirname, 'main.ts'), {
    COLLAB_PORT: '0',
    COLLAB_REHEARSAL: 'false',
  })
  const { start } = world

  it('starts while Redis is away, says so once, and ends with 0 at SIGTERM', async () => {
    const program = start({ REDIS_URL: 'redis://:canary@127.0.0.1:1' })
    const { port } = await program.says('is ready')
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).to.equal(204)
    expect(await program.terminate()).to.deep.equal([0, null])
    expect(program.said.filter((line) => /redis/i.test(line))).to.have.length(1)
    expect(program.said.join('\n')).to.not.include('canary')
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

  behavesAsServer(world, { ready: 'is ready', portVariable: 'COLLAB_PORT' })
})
