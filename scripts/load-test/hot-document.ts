// node scripts/load-test/hot-document.ts [--users 200] [--seconds 15] [--rounds 2] [--warm-up 5] [--seed 1]
// [--profile file.cpuprofile]
// 200 people in one document, each with one edit and one cursor move a second, which all the others get: our collab
// server beside a Hocuspocus that stores nothing, in turn.
import { parseArgs } from 'node:util'
import { MeasuredServer, type ServerKind } from './measured-server.ts'
import { formatMegabytes, formatMs, formatSummary, mean, summarize } from './statistics.ts'
import { cpuOf, faultsOf, type TypingResult, typingRound } from './typing-round.ts'
import { World } from './world.ts'

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '2' },
    'warm-up': { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    profile: { type: 'string' },
  },
})
const options = {
  documents: 1,
  usersPerDocument: Number(values.users),
  seconds: Number(values.seconds),
  warmUpSeconds: Number(values['warm-up']),
}
console.log(`${values.users} users in one document, ${options.seconds} s measured, seed ${values.seed}`)

const results: Record<ServerKind, TypingResult[]> = { bare: [], ours: [] }
const world = await World.start({ people: options.usersPerDocument })
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of ['bare', 'ours'] as const) {
      const server = kind === 'bare' ? await MeasuredServer.bare() : await MeasuredServer.ours(world.environment)
      try {
        const profile = kind === 'ours' ? values.profile : undefined
        const result = await typingRound([server], world, { ...options, seed: Number(values.seed) + round, profile })
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
console.log(`
ours / bare: propagation p50 ${ratio('propagation', 'p50')}, p99 ${ratio('propagation', 'p99')}; cursors p50 \
${ratio('cursors', 'p50')}, p99 ${ratio('cursors', 'p99')}; CPU ${(mean(results.ours.map(cpuOf)) / mean(results.bare.map(cpuOf))).toFixed(2)}`)
if (Object.values(results).some((all) => all.some((result) => faultsOf(result).length > 0))) process.exitCode = 1

function report(kind: ServerKind, result: TypingResult): void {
  const { usage, machine } = result
  const [server] = usage
  if (!server) return
  console.log(`
${kind}: ${result.edits} edits; ${faultsOf(result).join(', ') || 'nothing lost, all replicas equal'}
  propagation      ${formatSummary(summarize(result.propagation))}
  cursors          ${formatSummary(summarize(result.cursors))}
  acknowledgement  ${formatSummary(summarize(result.acknowledgements))}
  server           ${cpuOf(result).toFixed(3)} s of CPU a second, ${formatMegabytes(server.rss)} resident; longest garbage \
collection ${formatMs(server.longestCollectionMs)}
  generator        ${(result.cpuSeconds / options.seconds).toFixed(3)} s of CPU a second, late p99 ${formatMs(result.lagP99)}`)
  if (machine) console.log(`  machine          ${machine.busy.toFixed(2)} of ${machine.cores} cores busy`)
}

function ratio(what: 'propagation' | 'cursors', p: 'p50' | 'p99'): string {
  const of = (kind: ServerKind): number => summarize(results[kind].flatMap((result) => [...result[what]]))[p]
  return (of('ours') / of('bare')).toFixed(2)
}
