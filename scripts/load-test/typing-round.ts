import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CommitProbe } from './commit-probe.ts'
import type { GeneratorResult } from './generator.ts'
import { GeneratorProcess } from './generator-process.ts'
import { MachineProbe, type MachineUsage } from './machine.ts'
import type { MeasuredServer } from './measured-server.ts'
import type { Usage } from './probe.ts'
import { fingerprint } from './replica.ts'
import type { World } from './world.ts'

export type TypingOptions = {
  documents: number
  usersPerDocument: number
  seconds: number
  warmUpSeconds: number
  seed: number
  /** Where to write a CPU profile of the (first) server, taken while it is measured. */
  profile?: string | undefined
}

/** Times in milliseconds. */
export type TypingResult = GeneratorResult & {
  /** Of each server, while it was measured. */
  usage: Usage[]
  machine: MachineUsage | null
  /** Of the database by itself at this load. */
  commits: number[]
  /** Documents whose replicas are not all the same, or not the same as what is stored. */
  unequal: number
}

/** Everybody types for a while on the servers, which are started for this round alone. */
export async function typingRound(
  servers: MeasuredServer[],
  world: World,
  { documents, usersPerDocument, seconds, warmUpSeconds, seed, profile }: TypingOptions,
): Promise<TypingResult> {
  const generator = new GeneratorProcess()
  try {
    const ids = await world.createDocuments(documents)
    const urls = servers.map(({ url }) => url)
    const groups = ids.map((documentId, i) => ({
      urls,
      documentId,
      tokens: world.tokens.slice(i * usersPerDocument, (i + 1) * usersPerDocument),
      seed: seed * 10_000 + i,
    }))
    await generator.ask('connect', { documents: groups, atOnce: 50 })
    await generator.ask('type', { seed, edits: warmUpSeconds + seconds + 2 })
    await delay(warmUpSeconds * 1_000)
    const [first] = servers
    if (profile) await first?.probe.ask('startProfile')
    const commitProbe = new CommitProbe(world.pool)
    const machineProbe = await MachineProbe.start(world.pool)
    await Promise.all([generator.ask('measure'), ...servers.map(({ probe }) => probe.ask('usage'))])
    await delay(seconds * 1_000)
    const usage = await Promise.all(servers.map(({ probe }) => probe.ask('usage')))
    const machine = machineProbe.stop()
    const commits = await commitProbe.stop()
    if (profile && first) writeFileSync(profile, await first.probe.ask('stopProfile'))
    const result = await generator.ask('finish')
    const stored = first?.kind === 'ours' ? await storedFingerprints(world, ids) : null
    const unequal = ids.filter((_, i) => {
      const [replica, ...others] = result.replicas[i] ?? []
      return replica === undefined || others.length > 0 || (stored && stored[i] !== replica)
    }).length
    await generator.ask('close')
    return { ...result, usage, machine, commits, unequal }
  } finally {
    await generator.stop()
  }
}

/** Seconds of CPU a second, of all servers together. */
export function cpuOf({ usage }: Pick<TypingResult, 'usage'>): number {
  return usage.reduce((sum, { cpuSeconds, seconds }) => sum + cpuSeconds / seconds, 0)
}

async function storedFingerprints(world: World, ids: string[]): Promise<string[]> {
  const fingerprints: string[] = []
  for (const id of ids) fingerprints.push(fingerprint(await world.storedDocument(id)))
  return fingerprints
}

/** What a run must not show, in words; empty where nothing is lost and all replicas are equal. */
export function faultsOf(result: TypingResult): string[] {
  return [
    ...(result.lost > 0 ? [`${result.lost} edits lost`] : []),
    ...(result.unsettled > 0 ? [`${result.unsettled} documents with something under way`] : []),
    ...(result.unequal > 0 ? [`${result.unequal} documents with unequal replicas`] : []),
    ...result.failures,
  ]
}
