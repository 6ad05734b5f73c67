import * as Y from 'yjs'
import { GeneratorProcess, StormProcess } from './generator-process.ts'
import { MachineProbe, type MachineUsage } from './machine.ts'
import type { MeasuredServer } from './measured-server.ts'
import type { Usage } from './probe.ts'
import { fingerprint } from './replica.ts'
import type { World } from './world.ts'

export type StormOptions = {
  documents: number
  usersPerDocument: number
  /** What each document holds, as an update. */
  content: Uint8Array
  seed: number
}

/** Times in milliseconds. */
export type StormResult = {
  /** Until each person had the document. */
  times: Float64Array
  /** Until everybody had. */
  total: number
  usage: Usage
  machine: MachineUsage | null
  /** People who did not get the document as it is stored. */
  unequal: number
}

/**
 * Everybody connects at once. Ours loads the documents from the database; the bare server, which cannot, has them in
 * memory, where one more person in each keeps them.
 */
export async function stormRound(
  server: MeasuredServer,
  world: World,
  { documents, usersPerDocument, content, seed }: StormOptions,
): Promise<StormResult> {
  const keepers = new GeneratorProcess()
  const storm = new StormProcess()
  try {
    const ids = await world.createDocuments(documents)
    if (server.kind === 'ours') await world.storeContent(ids, content)
    else {
      const keeper = (documentId: string, i: number) => ({
        ...{ urls: [server.url], documentId, tokens: ['-'], seed: seed * 10_000 + i },
      })
      await keepers.ask('connect', { documents: ids.map(keeper), atOnce: 20 })
      await keepers.ask('write', { state: content })
    }
    const clients = world.tokens.slice(0, documents * usersPerDocument).map((token, i) => ({
      ...{ url: server.url, token, expectedBytes: content.byteLength },
      documentId: ids[Math.floor(i / usersPerDocument)] as string,
    }))
    await storm.ask('prepare', { clients })
    const machineProbe = await MachineProbe.start(world.pool)
    await server.probe.ask('usage')
    const times = await storm.ask('connect')
    const usage = await server.probe.ask('usage')
    const machine = machineProbe.stop()
    const expected = new Y.Doc()
    Y.applyUpdate(expected, content)
    const wanted = fingerprint(expected)
    const unequal = (await storm.ask('replicas')).filter((replica) => replica !== wanted).length
    await storm.ask('close')
    return { times, total: Math.max(...times), usage, machine, unequal }
  } finally {
    await Promise.all([keepers.stop(), storm.stop()])
  }
}
