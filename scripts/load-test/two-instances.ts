// node scripts/load-test/two-instances.ts [--seconds 20] [--rounds 2] [--documents 100] [--users 10]
// [--warm-up 30] [--seed 1]
// The people of users.ts on one collab server and on two that Redis joins, in turn: half of each document's people are on
// each of the two. Warmed up for long: each of two servers compiles as much code as one does, and comes to it half as often,
// which is over after half a minute and says nothing of what two cost from then on.
import { numericOptions } from '../numeric-options.ts'
import { MeasuredServer } from './measured-server.ts'
import { formatMegabytes, formatSummary, mean, summarize } from './statistics.ts'
import { cpuOf, faultsOf, type TypingResult, typingRound } from './typing-round.ts'
import { World } from './world.ts'

const given = numericOptions({ seconds: 20, rounds: 2, documents: 100, users: 10, 'warm-up': 30, seed: 1 })
const { seconds, rounds, documents, users: usersPerDocument, seed } = given
const people = documents * usersPerDocument
console.log(`${people} users in ${documents} documents, ${seconds} s measured, seed ${seed}`)

const one: TypingResult[] = []
const two: TypingResult[] = []
const world = await World.start({ people })
try {
  for (let round = 0; round < rounds; round++) {
    for (const results of [one, two]) {
      const servers: MeasuredServer[] = []
      try {
        while (servers.length < (results === one ? 1 : 2)) servers.push(await MeasuredServer.ours(world.environment))
        const result = await typingRound(servers, world, {
          ...{ documents, usersPerDocument, seconds, warmUpSeconds: given['warm-up'], seed: seed + round },
        })
        results.push(result)
        report(result)
      } finally {
        await Promise.all(servers.map((server) => server.stop()))
        await world.discardLogs()
      }
    }
  }
} finally {
  await world.stop()
}
console.log(`
two / one: CPU ${(mean(two.map(cpuOf)) / mean(one.map(cpuOf))).toFixed(2)}, propagation p50 ${ratio('p50')}, p99 \
${ratio('p99')}`)
if ([...one, ...two].some((result) => faultsOf(result).length > 0)) process.exitCode = 1

function report(result: TypingResult): void {
  const { usage, machine, propagation, propagationAcross, acknowledgements } = result
  console.log(`
${usage.length === 1 ? 'one server' : `${usage.length} servers`}: ${result.edits} edits; \
${faultsOf(result).join(', ') || 'nothing lost, all replicas equal'}
  propagation      ${formatSummary(summarize(propagation))}`)
  if (usage.length > 1) console.log(`  to another one   ${formatSummary(summarize(propagationAcross))}`)
  console.log(`  acknowledgement  ${formatSummary(summarize(acknowledgements))}
  servers          ${cpuOf(result).toFixed(3)} s of CPU a second (${usage.map((of) => cpuOf({ usage: [of] }).toFixed(3)).join(' + ')}), \
${usage.map(({ rss }) => formatMegabytes(rss)).join(' + ')} resident
  generator        ${(result.cpuSeconds / seconds).toFixed(3)} s of CPU a second`)
  if (!machine) return
  console.log(`  machine          ${machine.busy.toFixed(2)} of ${machine.cores} cores busy, ${machine.database.toFixed(2)} of \
them with the database`)
}

function ratio(p: 'p50' | 'p99'): string {
  const of = (results: TypingResult[]): number => summarize(results.flatMap(({ propagation }) => [...propagation]))[p]
  return (of(two) / of(one)).toFixed(2)
}
