import path from 'node:path'
import { programWorld } from '@mdcreator/db/testing-program'
import { behavesAsServer } from '@mdcreator/db/testing-server-program'
import { until } from '@mdcreator/shared/testing'
import { expect } from 'chai'

describe('the API server as a program', () => {
  const world = programWorld(path.join(import.meta.dirname, 'main.ts'), { PORT: '0' })

  it('serves while it can reach the database and Redis, until SIGTERM, then ends with 0', async () => {
    const program = world.start()
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

  behavesAsServer(world, { ready: 'is listening', portVariable: 'PORT' })
})
