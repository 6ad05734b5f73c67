import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@mdcreator/shared/random'
import type { CollabProcess, Stopped } from './collab-process.ts'
import { Room } from './room.ts'
import { Setting } from './setting.ts'
import { judge, type Verdict } from './verdict.ts'

export type OutageOptions = { seconds: number; seed: number; onEvent?: (line: string) => void }

/** What an outage did; times in milliseconds. */
export type Outage = {
  acknowledgedMeanwhile: number
  /** From the dependency's return until everybody had something acknowledged that was typed after it. */
  recoveryMs: number
}

export type OutageResult = {
  redis: Outage
  postgres: Outage
  /** Servers that were stopped one after the other, while people typed. */
  rolling: Stopped[]
  /** One that was stopped while PostgreSQL was away and people typed. */
  withoutDatabase: Stopped
  verdict: Verdict
}

const recoveryLimitMs = 60_000

/**
 * Takes Redis and then PostgreSQL away for a time, restarts the servers one after the other, and stops one without a
 * database, all while people type.
 */
export async function runOutages({ seconds, seed, onEvent = () => {} }: OutageOptions): Promise<OutageResult> {
  const random = seededRandom(seed)
  const setting = await Setting.start({ members: 16, documents: 4 })
  const { workspace, urls, redis, postgres, servers } = setting
  const rooms = workspace.documentIds.map((documentId, i) => {
    const people = workspace.members.slice(i * 4, (i + 1) * 4)
    return new Room({ documentId, people, urls, random })
  })
  try {
    await everybodyGoesOn(rooms)
    onEvent(`Redis is away for ${seconds} s`)
    const withoutRedis = await outage(rooms, redis, seconds)
    onEvent(`PostgreSQL is away for ${seconds} s`)
    const withoutPostgres = await outage(rooms, postgres, seconds)
    onEvent('the servers restart, one after the other')
    const rolling: Stopped[] = []
    for (const server of servers) {
      rolling.push(await server.stop())
      await server.start()
      await everybodyGoesOn(rooms)
    }
    onEvent('a server stops while PostgreSQL is away')
    const withoutDatabase = await stopWithoutDatabase(setting, servers[0] as CollabProcess)
    await everybodyGoesOn(rooms)
    return {
      redis: withoutRedis,
      postgres: withoutPostgres,
      rolling,
      withoutDatabase,
      verdict: await judge(setting, rooms),
    }
  } finally {
    for (const room of rooms) room.lose(room.typists.length)
    await setting.stop()
  }
}

type Dependency = { kill(): Promise<void>; restart(): Promise<void> }

async function outage(rooms: Room[], dependency: Dependency, seconds: number): Promise<Outage> {
  await dependency.kill()
  const before = acknowledgedOf(rooms)
  await delay(seconds * 1000)
  const acknowledgedMeanwhile = acknowledgedOf(rooms) - before
  await dependency.restart()
  return { acknowledgedMeanwhile, recoveryMs: await everybodyGoesOn(rooms) }
}

async function stopWithoutDatabase({ postgres }: Setting, server: CollabProcess): Promise<Stopped> {
  await postgres.kill()
  // Edits that cannot be stored are on their way by then.
  await delay(1_000)
  const stopped = await server.stop()
  await postgres.restart()
  await server.start()
  return stopped
}

/** Resolves, with the milliseconds it took, once everybody had something acknowledged that was typed after the call. */
async function everybodyGoesOn(rooms: Room[]): Promise<number> {
  const started = performance.now()
  while (!rooms.every((room) => room.typists.every(({ client }) => client.ledger.acknowledgedUntil > started))) {
    if (performance.now() - started > recoveryLimitMs) return Number.POSITIVE_INFINITY
    await delay(10)
  }
  return performance.now() - started
}

const acknowledgedOf = (rooms: Room[]): number => rooms.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
