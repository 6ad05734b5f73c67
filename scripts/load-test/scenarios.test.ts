import { requireRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { revisedDocument, writtenDocument } from './content.ts'
import { keystrokeRound } from './keystroke-round.ts'
import { MeasuredServer } from './measured-server.ts'
import { type MemoryCycle, memoryCycles } from './memory-cycles.ts'
import { stormRound } from './storm-round.ts'
import { faultsOf, typingRound } from './typing-round.ts'
import { World } from './world.ts'

describe('load on servers that Redis joins', () => {
  let world: World
  let servers: [MeasuredServer, MeasuredServer]
  before(async function () {
    requireRedis(this)
    this.timeout(60_000)
    world = await World.start({ people: 60 })
    servers = await Promise.all([MeasuredServer.ours(world.environment), MeasuredServer.ours(world.environment)])
  })
  after(async function () {
    this.timeout(30_000)
    // Not there where the tests are skipped.
    await Promise.all(((servers as typeof servers | undefined) ?? []).map((server) => server.stop()))
    await (world as World | undefined)?.stop()
  })

  it('loses nothing of people who type on both, and all replicas are equal', async function () {
    this.timeout(60_000)
    const options = { documents: 10, usersPerDocument: 5, seconds: 3, warmUpSeconds: 0, seed: 11 }
    const result = await typingRound(servers, world, options)
    expect(faultsOf(result)).to.deep.equal([])
    expect(result.edits).to.be.greaterThan(100)
    expect(result.propagation.length).to.equal(result.edits * (options.usersPerDocument - 1))
    expect(result.propagationAcross.length).to.be.greaterThan(result.edits)
  })

  it('lets everybody in who connects at once', async function () {
    this.timeout(60_000)
    const content = writtenDocument({ bytes: 20_000, seed: 3 })
    const result = await stormRound(servers[0], world, { documents: 10, usersPerDocument: 6, content, seed: 12 })
    expect(result.times.length).to.equal(60)
    expect(result.unequal).to.equal(0)
  })

  it('sends keystrokes in a large document to the other server', async function () {
    this.timeout(60_000)
    const content = revisedDocument({ bytes: 200_000 })
    const result = await keystrokeRound(servers, world, { content, keystrokes: 40, everyMs: 20 })
    expect(result).to.include({ lost: 0, isEqual: true })
    expect(result.latency.length).to.equal(40)
    expect(result.redisBytes).to.be.lessThan(5_000)
  })

  it('gives back the memory of documents that were left', async function () {
    this.timeout(60_000)
    const content = writtenDocument({ bytes: 50_000, seed: 4 })
    const { before, cycles } = await memoryCycles(servers[0], world, { documents: 50, cycles: 3, content, seed: 13 })
    const [first, last] = [cycles[0], cycles.at(-1)] as [MemoryCycle, MemoryCycle]
    expect(last.left - first.left).to.be.lessThan((first.opened - before) / 2)
  })
})
