import * as Y from 'yjs'
import { GeneratorProcess } from './generator-process.ts'
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
  /** Documents that somebody did not get as they are. */
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
  const generator = new GeneratorProcess()
  try {
    const ids = await world.createDocuments(documents)
    const group = (documentId: string, tokens: string[], i: number) => ({
      ...{ urls: [server.url], documentId, tokens, seed: seed * 10_000 + i },
    })
    if (server.kind === 'ours') await world.storeContent(ids, content)
    else {
      await keepers.ask('connect', { documents: ids.map((id, i) => group(id, ['-'], 5_000 + i)), atOnce: 20 })
      await keepers.ask('write', { state: content })
    }
    const groups = ids.map((id, i) =>
      group(id, world.tokens.slice(i * usersPerDocument, (i + 1) * usersPerDocument), i),
    )
    // The generator has its code and memory ready before it is timed.
    await generator.ask('connect', { documents: [], atOnce: 1 })
    const machineProbe = await MachineProbe.start(world.pool)
    await server.probe.ask('usage')
    const start = performance.now()
    const times = await generator.ask('connect', { documents: groups, atOnce: documents * usersPerDocument })
    const total = performance.now() - start
    const usage = await server.probe.ask('usage')
    const machine = machineProbe.stop()
    const expected = new Y.Doc()
    Y.applyUpdate(expected, content)
    const wanted = fingerprint(expected)
    const replicas = await generator.ask('replicas')
    const unequal = replicas.filter(([replica, ...others]) => replica !== wanted || others.length > 0).length
    await generator.ask('close')
    return { times, total, usage, machine, unequal }
  } finally {
    await Promise.all([keepers.stop(), generator.stop()])
  }
}
