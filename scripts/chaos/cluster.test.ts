import { requireRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { runOutages } from './outage-run.ts'
import { runChaos } from './run.ts'

describe('two servers on a bad day', function () {
  this.timeout(180_000)
  before(function () {
    requireRedis(this)
  })

  it('lose nothing that was acknowledged, and agree in the end, whatever is killed', async () => {
    const result = await runChaos({ seconds: 8, seed: 4, documents: 4, typistsPerDocument: 3 })
    expect(result).to.deep.include({ lost: 0, unequal: 0, contentMismatches: 0, unloadable: 0, failedStops: 0 })
    expect(result.acknowledged).to.be.greaterThan(100)
    expect(result.kills.server + result.kills.redis + result.kills.postgres).to.be.greaterThan(1)
  })

  it('go on after an outage, and stop in order with a database and in time without', async () => {
    const { redis, postgres, rolling, withoutDatabase, verdict } = await runOutages({ seconds: 3, seed: 4 })
    expect(verdict).to.deep.include({ lost: 0, unequal: 0, contentMismatches: 0, unloadable: 0, ends: [] })
    expect(redis.acknowledgedMeanwhile).to.be.greaterThan(0)
    expect(postgres.acknowledgedMeanwhile).to.equal(0)
    expect(Math.max(redis.recoveryMs, postgres.recoveryMs)).to.be.below(30_000)
    expect(rolling.map(({ code }) => code)).to.deep.equal([0, 0])
    expect(withoutDatabase.code).to.equal(1)
    expect(withoutDatabase.ms).to.be.below(10_000)
    expect(withoutDatabase.log).to.match(/\d+ edits could not be stored/)
  })
})
