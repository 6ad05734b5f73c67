import { until } from '@mdcreator/shared/testing'
import { GeneratorProcess } from './generator-process.ts'
import type { MeasuredServer } from './measured-server.ts'
import type { World } from './world.ts'

export type MemoryOptions = { documents: number; cycles: number; content: Uint8Array; seed: number }

/** Bytes of heap after garbage collection. */
export type MemoryCycle = {
  /** With all documents open. */
  opened: number
  /** When they are left. */
  left: number
  rss: number
}

export type MemoryResult = {
  /** On a server that has seen a hundred documents: compiled code is no document's. */
  before: number
  cycles: MemoryCycle[]
}

/** Opens documents, one person in each, and leaves them, several times over. */
export async function memoryCycles(
  server: MeasuredServer,
  world: World,
  { documents, cycles: count, content, seed }: MemoryOptions,
): Promise<MemoryResult> {
  const ids = await world.createDocuments(documents)
  await world.storeContent(ids, content)
  await openAndLeave(server, world, ids.slice(0, 100), seed)
  const { heapUsed: before } = await server.probe.ask('collected')
  const cycles: MemoryCycle[] = []
  while (cycles.length < count) cycles.push(await openAndLeave(server, world, ids, seed + cycles.length + 1))
  return { before, cycles }
}

/** The share of what a cycle took that the heap has back after it, of 1. */
export function shareReturned({ before, cycles }: MemoryResult, cycle: number): number {
  const base = cycle === 0 ? before : (cycles[cycle - 1]?.left ?? before)
  const { opened, left } = cycles[cycle] as MemoryCycle
  return (opened - left) / (opened - base)
}

async function openAndLeave(server: MeasuredServer, world: World, ids: string[], seed: number): Promise<MemoryCycle> {
  const generator = new GeneratorProcess()
  try {
    const documents = ids.map((documentId, i) => ({
      ...{ urls: [server.url], documentId, tokens: [world.tokens[i % world.tokens.length] as string] },
      seed: seed * 10_000 + i,
    }))
    await generator.ask('connect', { documents, atOnce: 50 })
    const opened = await server.probe.ask('collected')
    await generator.ask('close')
    await until(async () => (await server.metric('collab_documents')) === 0)
    const left = await server.probe.ask('collected')
    return { opened: opened.heapUsed, left: left.heapUsed, rss: left.rss }
  } finally {
    await generator.stop()
  }
}
