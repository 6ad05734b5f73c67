// node scripts/bench/revocation.ts [--rounds 10]: how soon sockets on both of two servers follow a change of rights, from the
// REST answer on, with Redis and without it; and what is accepted after a token's end.
import { formatMs, summarize } from '../load-test/statistics.ts'
import { numericOptions } from '../numeric-options.ts'
import { TwoServers } from '../two-servers.ts'
import { expiryRound } from './revocation-expiry.ts'
import { changes, type Round, revocationRound, withoutRedis } from './revocation-round.ts'

const { rounds } = numericOptions({ rounds: 10 })
const servers = await TwoServers.start()
const wrong: string[] = []
try {
  console.log(`${rounds} rounds each; a member types every 20 ms on each of two servers; from the REST answer on`)
  for (const [name, change] of Object.entries(changes)) {
    const results = await repeat(() => revocationRound(servers, change))
    report(name, results, 1_000)
    wrong.push(...results.filter(({ acceptedLate }) => acceptedLate > 0).map(() => `${name}: an edit accepted late`))
  }
  const withoutAnnouncement = () =>
    revocationRound(servers, changes['member removed'], { beforeChange: () => withoutRedis(servers) })
  report('member removed, Redis killed before', await repeat(withoutAnnouncement, () => servers.restartRedis()), 30_000)

  const expiries = await repeat(() => expiryRound(servers, 3))
  const closed = summarize(expiries.flatMap(({ closedMs }) => closedMs))
  const lastStored = Math.max(...expiries.map(({ lastStoredMs }) => lastStoredMs))
  console.log(
    `token expired: closed p50 ${formatMs(closed.p50)}, max ${formatMs(closed.max)} after its end; ` +
      `last of ${expiries.reduce((sum, { stored }) => sum + stored, 0)} edits stored ${formatMs(lastStored)} after it`,
  )
  if (lastStored > 50) wrong.push('an edit was accepted after the token had ended')
} finally {
  await servers.stop()
}
for (const line of wrong) console.log(`wrong: ${line}`)
process.exitCode = wrong.length === 0 ? 0 : 1

async function repeat<T>(round: () => Promise<T>, after: () => Promise<void> = async () => {}): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < rounds; i++) {
    results.push(await round())
    await after()
  }
  return results
}

function report(name: string, results: Round[], limitMs: number): void {
  const effect = summarize(results.flatMap(({ effectMs }) => effectMs))
  const lastAccepted = Math.max(...results.map(({ lastAcceptedMs }) => lastAcceptedMs))
  const late = results.reduce((sum, { acceptedLate }) => sum + acceptedLate, 0)
  console.log(
    `${name}: ${effect.count} sockets, p50 ${formatMs(effect.p50)}, max ${formatMs(effect.max)}; ` +
      `last edit accepted ${formatMs(lastAccepted)}, ${late} after more than a second`,
  )
  if (effect.max > limitMs) wrong.push(`${name}: not within ${limitMs} ms`)
  wrong.push(...results.flatMap((result) => result.wrong.map((line) => `${name}: ${line}`)))
}
