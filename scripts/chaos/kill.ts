// node scripts/chaos/kill.ts [--rounds 30] [--seed N]: kills everything, again and again, and counts what was lost.
import { rmSync } from 'node:fs'
import { makeDataDir } from '@mdcreator/db/testing'
import { runKillRounds } from '../kill-rounds.ts'
import { numericOptions } from '../numeric-options.ts'

const { rounds, seed } = numericOptions({ rounds: 30, seed: Date.now() % 100_000 })
const dataDir = makeDataDir()
console.log(`${rounds} rounds, seed ${seed}`)
const result = await runKillRounds(dataDir, rounds, {
  seed,
  onRound: (round, so) => console.log(`round ${round}: ${so.acknowledged} edits acknowledged so far, ${so.lost} lost`),
})
rmSync(dataDir, { recursive: true, force: true })
console.log(`${result.acknowledged} acknowledged, ${result.lost} lost`)
process.exitCode = result.lost === 0 ? 0 : 1
