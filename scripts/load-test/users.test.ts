import { requireRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { MeasuredServer, type ServerKind } from './measured-server.ts'
import { faultsOf, type TypingResult, typingRound } from './typing-round.ts'
import { World } from './world.ts'

describe('people typing in many documents', () => {
  let world: World
  before(async function () {
    requireRedis(this)
    this.timeout(60_000)
    world = await World.start({ people: 30 })
  })
  after(async () => {
    // Not there where the tests are skipped.
    await (world as World | undefined)?.stop()
  })

  const options = { documents: 6, usersPerDocument: 5, seconds: 3, warmUpSeconds: 0, seed: 7 }

  for (const kind of ['ours', 'bare'] as ServerKind[]) {
    it(`loses nothing, and all replicas are equal: ${kind}`, async function () {
      this.timeout(60_000)
      const server = kind === 'bare' ? await MeasuredServer.bare() : await MeasuredServer.ours(world.environment)
      let result: TypingResult
      try {
        result = await typingRound([server], world, options)
      } finally {
        await server.stop()
      }
      expect(faultsOf(result)).to.deep.equal([])
      expect(result.edits).to.be.greaterThan(60)
      expect(result.acknowledgements.length).to.equal(result.edits)
      expect(result.propagation.length).to.equal(result.edits * (options.usersPerDocument - 1))
    })
  }
})
