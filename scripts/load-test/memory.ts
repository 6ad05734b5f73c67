// node scripts/load-test/memory.ts [--documents 1000] [--cycles 5] [--kilobytes 4] [--seed 1]
// Documents that are opened by one person each and left again, several times over: what the server's heap keeps of them.
import { numericOptions } from '../numeric-options.ts'
import { writtenDocument } from './content.ts'
import { MeasuredServer } from './measured-server.ts'
import { memoryCycles, shareReturned } from './memory-cycles.ts'
import { World } from './world.ts'

const { documents, cycles, kilobytes, seed } = numericOptions({ documents: 1_000, cycles: 5, kilobytes: 4, seed: 1 })
const content = writtenDocument({ bytes: kilobytes * 1024, seed })
console.log(`${documents} documents of ${content.byteLength} bytes, opened and left ${cycles} times`)
const inMegabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`

const world = await World.start({ people: 100 })
const server = await MeasuredServer.ours(world.environment)
try {
  const result = await memoryCycles(server, world, { documents, cycles, content, seed })
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
