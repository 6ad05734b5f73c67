// node scripts/load-test/users.ts [--seconds 20] [--rounds 2] [--documents 100] [--users 10] [--warm-up 8] [--seed 1]
// [--only ours|bare] [--profile file.cpuprofile]
// 1000 people, ten in each of 100 documents, each with one edit and one cursor move a second: our collab server, which
// stores every edit before it shows it, beside a Hocuspocus that stores nothing, in turn.
import { parseArgs } from 'node:util'
import { MeasuredServer, type ServerKind } from './measured-server.ts'
import { formatMegabytes, formatMs, formatSummary, mean, summarize } from './statistics.ts'
import { cpuOf, faultsOf, type TypingResult, typingRound } from './typing-round.ts'
import { World } from './world.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
    documents: { type: 'string', default: '100' },
    users: { type: 'string', default: '10' },
    'warm-up': { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
})
const options = {
  documents: Number(values.documents),
  usersPerDocument: Number(values.users),
  seconds: Number(values.seconds),
  warmUpSeconds: Number(values['warm-up']),
}
const kinds = values.only ? [values.only as ServerKind] : (['bare', 'ours'] as const)
const people = options.documents * options.usersPerDocument
console.log(`${people} users in ${options.documents} documents, ${options.seconds} s measured, seed ${values.seed}`)

const results: Record<ServerKind, TypingResult[]> = { bare: [], ours: [] }
const world = await World.start({ people })
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of kinds) {
      const server = kind === 'bare' ? await MeasuredServer.bare() : await MeasuredServer.ours(world.environment)
      try {
        const profile = kind === (values.only ?? 'ours') ? values.profile : undefined
        const seed = Number(values.seed) + round
        const result = await typingRound([server], world, { ...options, seed, profile })
        results[kind].push(result)
        report(kind, result)
      } finally {
        await server.stop()
      }
    }
  }
} finally {
  await world.stop()
}
if (!values.only) compare()
if (Object.values(results).some((all) => all.some((result) => faultsOf(result).length > 0))) process.exitCode = 1

function report(kind: ServerKind, result: TypingResult): void {
  const { machine } = result
  const [usage] = result.usage
  if (!usage) return
  const generator = result.cpuSeconds / options.seconds
  console.log(`
${kind}: ${result.edits} edits; ${faultsOf(result).join(', ') || 'nothing lost, all replicas equal'}
  propagation      ${formatSummary(summarize(result.propagation))}
  cursors          ${formatSummary(summarize(result.cursors))}
  acknowledgement  ${formatSummary(summarize(result.acknowledgements))}
  lone commit      ${formatSummary(summarize(result.commits))}
  server           ${cpuOf(result).toFixed(3)} s of CPU a second, ${formatMegabytes(usage.rss)} resident, heap \
${formatMegabytes(usage.heapUsed)}; garbage collection ${(usage.collectionMs / usage.seconds).toFixed(1)} ms a second, \
longest ${formatMs(usage.longestCollectionMs)}
  generator        ${generator.toFixed(3)} s of CPU a second, late p99 ${formatMs(result.lagP99)}`)
  if (!machine) return
  const others = machine.busy - cpuOf(result) - generator - machine.database
  console.log(`  database         ${machine.database.toFixed(3)} s of CPU a second
  machine          ${machine.busy.toFixed(2)} of ${machine.cores} cores busy, ${others.toFixed(2)} with other programs and the kernel`)
}

function compare(): void {
  const all = (kind: ServerKind, what: 'propagation' | 'cursors' | 'acknowledgements') =>
    summarize(results[kind].flatMap((result) => [...result[what]]))
  const ratio = (what: 'propagation' | 'cursors', p: 'p50' | 'p99' | 'max') =>
    (all('ours', what)[p] / all('bare', what)[p]).toFixed(2)
  const cpu = mean(results.ours.map(cpuOf)) / mean(results.bare.map(cpuOf))
  const commit = summarize(results.ours.flatMap(({ commits }) => commits))
  const acknowledgement = all('ours', 'acknowledgements')
  console.log(`
ours / bare: propagation p50 ${ratio('propagation', 'p50')}, p99 ${ratio('propagation', 'p99')}, max \
${ratio('propagation', 'max')}; cursors p50 ${ratio('cursors', 'p50')}, p99 ${ratio('cursors', 'p99')}; CPU ${cpu.toFixed(2)}
acknowledgement above a lone commit: p50 ${formatMs(acknowledgement.p50 - commit.p50)}, p99 \
${formatMs(acknowledgement.p99 - commit.p99)}`)
}
