// node scripts/load-test/storm.ts [--rounds 3] [--documents 100] [--users 10] [--kilobytes 20] [--seed 1]
// [--profile file.cpuprofile]
// 1000 people connect at once, ten to each of 100 documents: our collab server, which checks their tokens and rights and
// loads the documents, beside a Hocuspocus that lets everybody in and has the documents in memory, in turn. Twice on each
// server: when it has just started, and when it has seen such a storm.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { writtenDocument } from './content.ts'
import { MeasuredServer, type ServerKind } from './measured-server.ts'
import { formatMegabytes, formatMs, formatSummary, summarize } from './statistics.ts'
import { type StormResult, stormRound } from './storm-round.ts'
import { World } from './world.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    documents: { type: 'string', default: '100' },
    users: { type: 'string', default: '10' },
    kilobytes: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    profile: { type: 'string' },
  },
})
const documents = Number(values.documents)
const usersPerDocument = Number(values.users)
const content = writtenDocument({ bytes: Number(values.kilobytes) * 1024, seed: Number(values.seed) })
console.log(
  `${documents * usersPerDocument} people connect at once to ${documents} documents of ${content.byteLength} bytes, seed ${values.seed}`,
)

type State = 'cold' | 'warm'
const results: Record<`${ServerKind} ${State}`, StormResult[]> = {
  ...{ 'bare cold': [], 'bare warm': [], 'ours cold': [], 'ours warm': [] },
}
const world = await World.start({ people: documents * usersPerDocument })
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of ['bare', 'ours'] as const) {
      const server = kind === 'bare' ? await MeasuredServer.bare() : await MeasuredServer.ours(world.environment)
      try {
        for (const state of ['cold', 'warm'] as const) {
          const profile = kind === 'ours' && values.profile
          if (profile) await server.probe.ask('startProfile')
          const seed = Number(values.seed) + round * 2 + Number(state === 'warm')
          const result = await stormRound(server, world, { documents, usersPerDocument, content, seed })
          if (profile) writeFileSync(`${profile}-${state}`, await server.probe.ask('stopProfile'))
          results[`${kind} ${state}`].push(result)
          report(`${kind}, ${state}`, result)
        }
      } finally {
        await server.stop()
      }
    }
  }
} finally {
  await world.stop()
}
for (const state of ['cold', 'warm'] as const) {
  const [ours, bare] = [`ours ${state}`, `bare ${state}`].map(
    (name) => summarize(results[name as keyof typeof results].map(({ total }) => total)).p50,
  ) as [number, number]
  console.log(`ours / bare, ${state}: ${(ours / bare).toFixed(2)} (medians ${formatMs(ours)} and ${formatMs(bare)})`)
}
if (Object.values(results).some((all) => all.some(({ unequal }) => unequal > 0))) process.exitCode = 1

function report(name: string, { times, total, usage, machine, unequal }: StormResult): void {
  const equal = unequal === 0 ? 'everybody has the documents' : `${unequal} have another document than is stored`
  console.log(`${name}: all after ${formatMs(total)}; ${equal}
  each             ${formatSummary(summarize(times))}
  server           ${usage.cpuSeconds.toFixed(3)} s of CPU, ${formatMegabytes(usage.rss)} resident; garbage collection \
${formatMs(usage.collectionMs)}, longest ${formatMs(usage.longestCollectionMs)}`)
  if (machine) console.log(`  machine          ${machine.busy.toFixed(2)} of ${machine.cores} cores busy`)
}
