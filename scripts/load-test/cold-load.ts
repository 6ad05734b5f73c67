// node scripts/load-test/cold-load.ts [--profile file.cpuprofile]
// A document of 260,000 edits is opened on a server that has just started: from its log, as if no checkpoint had ever
// been written, and from the checkpoint that this server then writes.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { until } from '@mdcreator/shared/testing'
import { LoadClient } from './client.ts'
import { MachineProbe } from './machine.ts'
import { MeasuredServer } from './measured-server.ts'
import { fingerprint } from './replica.ts'
import { formatMegabytes, formatMs } from './statistics.ts'
import { replayTrace } from './trace.ts'
import { World } from './world.ts'

const { values } = parseArgs({ options: { profile: { type: 'string' } } })
const { document, updates } = replayTrace()
const wanted = fingerprint(document)
console.log(`${updates.length} updates, ${updates.reduce((sum, { byteLength }) => sum + byteLength, 0)} bytes`)

const world = await World.start({ people: 1 })
try {
  const [documentId] = (await world.createDocuments(1)) as [string]
  await world.storeLog(documentId, updates)
  await load('from the log', documentId, async () => {
    const start = performance.now()
    await until(async () => (await world.tailRows(documentId)) === 0)
    console.log(`  checkpoint       ${formatMs(performance.now() - start)} later`)
  })
  await load('from the checkpoint', documentId, async () => {})
} finally {
  await world.stop()
}

async function load(how: string, documentId: string, then: () => Promise<void>): Promise<void> {
  const server = await MeasuredServer.ours(world.environment)
  try {
    const { rss } = await server.probe.ask('collected')
    const machineProbe = await MachineProbe.start(world.pool)
    if (values.profile) await server.probe.ask('startProfile')
    await server.probe.ask('usage')
    const start = performance.now()
    const client = new LoadClient({
      ...{ url: server.url, documentId, token: world.tokens[0] as string, clientId: 2, isAttentive: false },
      observer: { arrived: () => {}, acknowledged: () => {}, cursorSeen: () => {} },
    })
    await client.synced
    const total = performance.now() - start
    const usage = await server.probe.ask('usage')
    const machine = machineProbe.stop()
    if (values.profile)
      writeFileSync(`${values.profile}-${how.split(' ').at(-1)}`, await server.probe.ask('stopProfile'))
    const isEqual = fingerprint(client.document) === wanted
    console.log(`${how}: ${formatMs(total)}; ${isEqual ? 'everything is there' : 'the document is another one'}
  server           ${usage.cpuSeconds.toFixed(3)} s of CPU, longest garbage collection \
${formatMs(usage.longestCollectionMs)}; ${formatMegabytes(rss)} resident before, ${formatMegabytes(usage.rss)} after`)
    if (machine) console.log(`  machine          ${machine.busy.toFixed(2)} of ${machine.cores} cores busy`)
    if (!isEqual) process.exitCode = 1
    await then()
    await client.close()
  } finally {
    await server.stop()
  }
}
