import { requireRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { TwoServers } from '../two-servers.ts'
import { expiryRound } from './revocation-expiry.ts'
import { changes, revocationRound, withoutRedis } from './revocation-round.ts'

describe('rights that change over REST, with the sockets on two servers', function () {
  this.timeout(60_000)
  let servers: TwoServers
  before(async function () {
    requireRedis(this)
    servers = await TwoServers.start()
  })
  after(async () => {
    // Not there where the tests are skipped.
    await (servers as TwoServers | undefined)?.stop()
  })

  for (const [name, change] of Object.entries(changes)) {
    it(`take effect within a second: ${name}`, async () => {
      const { effectMs, acceptedLate, wrong } = await revocationRound(servers, change)
      expect(Math.max(...effectMs)).to.be.below(1_000)
      expect({ acceptedLate, wrong }).to.deep.equal({ acceptedLate: 0, wrong: [] })
    })
  }

  it('take effect within 30 s while Redis is away', async () => {
    const beforeChange = () => withoutRedis(servers)
    const { effectMs, wrong } = await revocationRound(servers, changes['member removed'], { beforeChange })
    await servers.restartRedis()
    expect(Math.max(...effectMs)).to.be.below(30_000)
    expect(wrong).to.deep.equal([])
  })

  it('end with the token, and no edit is taken after it', async () => {
    const { closedMs, closeCodes, lastStoredMs, stored } = await expiryRound(servers, 2)
    expect(closeCodes).to.deep.equal([4401, 4401])
    expect(Math.max(...closedMs)).to.be.below(1_000)
    expect(stored).to.be.greaterThan(10)
    // One was on its way.
    expect(lastStoredMs).to.be.below(50)
  })
})
