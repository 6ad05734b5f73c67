// node scripts/load-test/memory.ts [--documents 1000] [--cycles 5] [--kilobytes 4] [--seed 1]
// Documents that are opened by one person each and left again, several times over: what the server's heap keeps of them.
import { parseArgs } from 'node:util'
import { writtenDocument } from './content.ts'
import { MeasuredServer } from './measured-server.ts'
import { memoryCycles, shareReturned } from './memory-cycles.ts'
import { World } from './world.ts'

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000' },
    cycles: { type: 'string', default: '5' },
    kilobytes: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
  },
})
const seed = Number(values.seed)
const content = writtenDocument({ bytes: Number(values.kilobytes) * 1024, seed })
console.log(`${values.documents} documents of ${content.byteLength} bytes, opened and left ${values.cycles} times`)
const inMegabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`

const world = await World.start({ people: 100 })
const server = await MeasuredServer.ours(world.environment)
try {
  const options = { documents: Number(values.documents), cycles: Number(values.cycles), content, seed }
  const result = await memoryCycles(server, world, options)
  console.log(`heap before: ${inMegabytes(result.before)}`)
  for (const [i, { opened, left, rss }] of result.cycles.entries()) {
    console.log(
      `cycle ${i + 1}: open ${inMegabytes(opened)}, left ${inMegabytes(left)}: \
${(shareReturned(result, i) * 100).toFixed(1)} % returned; ${inMegabytes(rss)} resident`,
    )
  }
  const [first, last] = [result.cycles.at(0), result.cycles.at(-1)]
  if (first && last) {
    const taken = first.opened - result.before
    const growth = last.left - first.left
    console.log(
      `from the first cycle to the last: ${inMegabytes(growth)} (${((100 * growth) / taken).toFixed(1)} % of what the documents take)`,
    )
    if (result.cycles.some((_, i) => shareReturned(result, i) < 0.9)) process.exitCode = 1
  }
} finally {
  await server.stop()
  await world.stop()
}
