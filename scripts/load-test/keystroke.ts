// node scripts/load-test/keystroke.ts [--keystrokes 200] [--every-ms 50] [--megabytes 2] [--rounds 2]
// What a keystroke costs two servers and Redis in a large document with a long past, and in an empty one.
import { numericOptions } from '../numeric-options.ts'
import { revisedDocument } from './content.ts'
import { type KeystrokeResult, keystrokeRound } from './keystroke-round.ts'
import { MeasuredServer } from './measured-server.ts'
import { formatMs, formatSummary, mean, summarize } from './statistics.ts'
import { World } from './world.ts'

const {
  'every-ms': everyMs,
  keystrokes,
  megabytes,
  rounds,
} = numericOptions({ keystrokes: 200, 'every-ms': 50, megabytes: 2, rounds: 2 })
const large = revisedDocument({ bytes: megabytes * 1024 * 1024 })
console.log(`${keystrokes} keystrokes, one every ${everyMs} ms, on two servers that Redis joins`)

const results: { empty: KeystrokeResult[]; large: KeystrokeResult[] } = { empty: [], large: [] }
const world = await World.start({ people: 2 })
const servers: MeasuredServer[] = []
try {
  for (let i = 0; i < 2; i++) servers.push(await MeasuredServer.ours(world.environment))
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['empty', 'large'] as const) {
      const result = await keystrokeRound(servers as [MeasuredServer, MeasuredServer], world, {
        content: kind === 'large' ? large : null,
        keystrokes,
        everyMs,
      })
      results[kind].push(result)
      report(kind === 'empty' ? 'empty' : `${large.byteLength} bytes`, result)
    }
  }
} finally {
  await Promise.all(servers.map((server) => server.stop()))
  await world.stop()
}
const ratio = (of: (result: KeystrokeResult) => number): string =>
  (mean(results.large.map(of)) / mean(results.empty.map(of))).toFixed(2)
console.log(`
large / empty: bytes through Redis ${ratio(({ redisBytes }) => redisBytes)}, CPU ${ratio(({ cpuSeconds }) => cpuSeconds)}, \
latency p50 ${ratio(({ latency }) => summarize(latency).p50)}, p99 ${ratio(({ latency }) => summarize(latency).p99)}`)
if (Object.values(results).some((all) => all.some(({ lost, isEqual }) => lost > 0 || !isEqual))) process.exitCode = 1

function report(name: string, { redisBytes, cpuSeconds, latency, lost, isEqual }: KeystrokeResult): void {
  console.log(`${name}: ${lost} lost, ${isEqual ? 'both replicas as stored' : 'the replicas are not as stored'}
  to the other     ${formatSummary(summarize(latency))}
  a keystroke      ${redisBytes.toFixed(0)} bytes through Redis, ${formatMs(cpuSeconds * 1000)} of CPU of both servers`)
}
