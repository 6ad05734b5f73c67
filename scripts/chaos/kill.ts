// node scripts/chaos/kill.ts [rounds] [seed]: kills everything, again and again, and counts what was lost.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runKillRounds } from '../kill-rounds.ts'

const rounds = Number(process.argv[2] ?? 30)
const seed = Number(process.argv[3] ?? Date.now() % 100_000)
const dataDir = mkdtempSync(path.join(tmpdir(), 'mdcreator-kill-'))
chmodSync(dataDir, 0o711)
console.log(`${rounds} rounds, seed ${seed}`)
const result = await runKillRounds(dataDir, rounds, {
  seed,
  onRound: (round, so) => console.log(`round ${round}: ${so.acknowledged} edits acknowledged so far, ${so.lost} lost`),
})
rmSync(dataDir, { recursive: true, force: true })
console.log(`${result.acknowledged} acknowledged, ${result.lost} lost`)
process.exitCode = result.lost === 0 ? 0 : 1
