import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { startWorld, type World } from './testing.ts'

describe('a collab server that starts', () => {
  let world: World
  before(async () => {
    world = await startWorld()
  })
  after(() => world.stop())

  for (const [setting, warnings] of [
    ['off', 1],
    ['on', 0],
  ] as const) {
    it(`warns ${warnings ? '' : 'of nothing '}where synchronous_commit is ${setting}`, async () => {
      const name = new URL(world.databaseUrl).pathname.slice(1)
      await world.owner.query(`alter database ${name} set synchronous_commit = ${setting}`)
      const lines: string[] = []
      const log = createLogger('warn', { write: (line) => lines.push(line) })
      const server = await world.server({ log })
      await server.collab.ready()
      // It has asked the database by the time its connections are closed.
      await server.stop()
      const said = lines.filter((line) => line.includes('synchronous_commit is off'))
      expect(said).to.have.length(warnings)
      for (const line of said) expect(line).to.include('can lose acknowledged edits')
    })
  }
})
