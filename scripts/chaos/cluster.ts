// node scripts/chaos/cluster.ts [--seconds 90] [--seed N] [--people 10]: kills servers, Redis and PostgreSQL under people who
// type, so many in each of 8 documents, and counts.
import { numericOptions } from '../numeric-options.ts'
import { runChaos } from './run.ts'
import { isClean } from './verdict.ts'

const {
  seconds,
  seed,
  people: typistsPerDocument,
} = numericOptions({
  ...{ seconds: 90, seed: Date.now() % 100_000, people: 10 },
})
console.log(`${seconds} s, seed ${seed}, ${typistsPerDocument} people in each of 8 documents`)
const result = await runChaos({ seconds, seed, documents: 8, typistsPerDocument, onEvent: console.log })
const { kills } = result
console.log(`
acknowledged       ${result.acknowledged}
lost               ${result.lost}
killed             servers ${kills.server}, Redis ${kills.redis}, PostgreSQL ${kills.postgres}; clients for good ${result.lostClients}
restarted          ${kills.restart} (${result.failedStops} with a failure)
longest wait       ${(result.longestWaitMs / 1000).toFixed(1)} s for an acknowledgement
replicas           ${result.documents - result.unequal} of ${result.documents} documents equal, ${result.sameBytes} byte by byte; ${result.settledMs.toFixed(0)} ms after the last keystroke
content            ${result.contentMismatches} mismatches
unloadable         ${result.unloadable}
ended by itself    ${result.ends.length}`)
for (const line of [...result.differences, ...result.ends]) console.log(line)
process.exitCode = isClean(result) ? 0 : 1
