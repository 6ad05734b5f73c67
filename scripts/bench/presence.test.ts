import { requireRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { TwoServers } from '../two-servers.ts'
import { type PresenceRound, presenceRound } from './presence-round.ts'

describe('people in a document on two servers', function () {
  this.timeout(60_000)
  let servers: TwoServers
  let round: PresenceRound
  before(async function () {
    requireRedis(this)
    servers = await TwoServers.start()
    round = await presenceRound(servers)
  })
  after(async () => {
    // Not there where the tests are skipped.
    await (servers as TwoServers | undefined)?.stop()
  })

  it('are listed as who their tokens say they are, as long as they are there, and not longer', () => {
    expect(round.wrong).to.deep.equal([])
  })

  it('are gone within a second when their tab is closed or their socket breaks, where they had no other', () => {
    const { closedTab, cutSocket, oneOfTwoTabsMs } = round
    for (const { awarenessMs, restMs } of [closedTab, cutSocket]) {
      expect(Math.max(awarenessMs, restMs)).to.be.below(1_000)
    }
    expect(oneOfTwoTabsMs).to.be.below(1_000)
  })

  it('are gone within 5 s when their server is killed', () => {
    expect(Math.max(round.killedServer.awarenessMs, round.killedServer.restMs)).to.be.below(5_000)
  })

  it('were last here when they left', () => {
    expect(round.lastHereErrorMs).to.be.below(1_000)
  })
})
