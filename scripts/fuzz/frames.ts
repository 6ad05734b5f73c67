// node scripts/fuzz/frames.ts [--frames 5000] [--seed n]: hostile frames beside people who type, and what came of it.
import { isClean, type Verdict } from '../chaos/verdict.ts'
import { formatMegabytes, formatSummary } from '../load-test/statistics.ts'
import { numericOptions } from '../numeric-options.ts'
import { runFuzz } from './run.ts'

const { frames, seed } = numericOptions({ frames: 5_000, seed: Date.now() % 100_000 })
console.log(`${frames} frames, seed ${seed}`)
const result = await runFuzz({ frames, seed, onEvent: console.log })
const { attack, verdicts, heapBytes, waits } = result
const ratio = (p: 'p50' | 'p99'): string => (waits.attacked[p] / waits.calm[p]).toFixed(2)
const tell = (verdict: Verdict): string =>
  `acknowledged ${verdict.acknowledged}, lost ${verdict.lost}, unequal ${verdict.unequal}, content mismatches ${verdict.contentMismatches}, unloadable ${verdict.unloadable}, ended by itself ${verdict.ends.length}`

console.log(`
sent                   ${attack.frames} frames (${attack.messages} messages) on ${attack.sockets} sockets
kinds                  ${JSON.stringify(attack.kinds)}
closed with            ${JSON.stringify(attack.closes)}
afterwards             ${tell(verdicts[0])}
after a restart        ${tell(verdicts[1])}
drops                  ${result.drops} of the well-behaved
acknowledged to foes   ${attack.acknowledged.length}, ${result.falseAcknowledgements} of them false, ${attack.oddAnswers.length} for no update
errors                 ${result.errors}
heap                   ${formatMegabytes(heapBytes.before)} before, ${formatMegabytes(heapBytes.after)} after
acknowledgements       in calm: ${waits.calm.count}, ${formatSummary(waits.calm)}
                       attacked: ${waits.attacked.count}, ${formatSummary(waits.attacked)}; p50 × ${ratio('p50')}, p99 × ${ratio('p99')}`)
for (const line of [
  ...attack.oddAnswers.slice(0, 10),
  ...verdicts.flatMap(({ differences, ends }) => [...differences, ...ends]),
])
  console.log(line)
const faults = result.drops + result.falseAcknowledgements + attack.oddAnswers.length + verdicts[1].ends.length
process.exitCode = verdicts.every(isClean) && faults === 0 ? 0 : 1
