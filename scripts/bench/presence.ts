// node scripts/bench/presence.ts [--rounds 5]: how soon those who leave a document are gone for the others, on two servers,
// one of which is killed.
import { formatMs, summarize } from '../load-test/statistics.ts'
import { numericOptions } from '../numeric-options.ts'
import { TwoServers } from '../two-servers.ts'
import { type PresenceRound, presenceRound } from './presence-round.ts'
import type { Departure } from './presence-watch.ts'

const { rounds } = numericOptions({ rounds: 5 })
const servers = await TwoServers.start()
const results: PresenceRound[] = []
try {
  for (let i = 0; i < rounds; i++) results.push(await presenceRound(servers))
} finally {
  await servers.stop()
}
const wrong = results.flatMap((result) => result.wrong)
console.log(`${rounds} rounds, people on two servers`)
reportDeparture('a closed tab', ({ closedTab }) => closedTab, 1_000)
reportDeparture('a cut socket', ({ cutSocket }) => cutSocket, 1_000)
report('one of two tabs closed, counted', ({ oneOfTwoTabsMs }) => oneOfTwoTabsMs, 1_000)
reportDeparture('a killed server', ({ killedServer }) => killedServer, 5_000)
report('last_here, off by', ({ lastHereErrorMs }) => lastHereErrorMs, 1_000)
for (const line of wrong) console.log(`wrong: ${line}`)
process.exitCode = wrong.length === 0 ? 0 : 1

function reportDeparture(name: string, of: (round: PresenceRound) => Departure, limitMs: number): void {
  report(`${name}, gone from awareness`, (round) => of(round).awarenessMs, limitMs)
  report(`${name}, gone from REST`, (round) => of(round).restMs, limitMs)
}

function report(name: string, of: (round: PresenceRound) => number, limitMs: number): void {
  const { p50, max } = summarize(results.map(of))
  console.log(`${name}: p50 ${formatMs(p50)}, max ${formatMs(max)}`)
  if (max > limitMs) wrong.push(`${name}: not within ${limitMs} ms`)
}
