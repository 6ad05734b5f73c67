// node scripts/chaos/outages.ts [--seconds 30] [--seed N]: each of Redis and PostgreSQL is away for so long, and servers stop, all
// under people who type.
import { numericOptions } from '../numeric-options.ts'
import type { Stopped } from './collab-process.ts'
import { type Outage, runOutages } from './outage-run.ts'
import { isClean } from './verdict.ts'

const { seconds, seed } = numericOptions({ seconds: 30, seed: Date.now() % 100_000 })
console.log(`${seconds} s each, seed ${seed}`)
const { redis, postgres, rolling, withoutDatabase, verdict } = await runOutages({ seconds, seed, onEvent: console.log })

const outage = ({ acknowledgedMeanwhile, recoveryMs }: Outage): string =>
  `${acknowledgedMeanwhile} edits acknowledged meanwhile, everybody goes on ${(recoveryMs / 1000).toFixed(2)} s after it`
const stop = ({ code, ms }: Stopped): string => `exit code ${code} after ${ms.toFixed(0)} ms`

console.log(`
without Redis       ${outage(redis)}
without PostgreSQL  ${outage(postgres)}
rolling restart     ${rolling.map(stop).join('; ')}
SIGTERM, no database  ${stop(withoutDatabase)}, saying: ${withoutDatabase.log.match(/\d+ edits could not be stored[^"\\]*/)?.[0]}
acknowledged ${verdict.acknowledged}, lost ${verdict.lost}; ${verdict.unequal} of ${verdict.documents} documents unequal, \
${verdict.contentMismatches} content mismatches, ended by themselves ${verdict.ends.length}`)
for (const end of verdict.ends) console.log(end)
process.exitCode = isClean(verdict) ? 0 : 1
