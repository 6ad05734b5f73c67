import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@mdcreator/shared/random'
import type { CollabProcess } from './collab-process.ts'
import { Room } from './room.ts'
import { Setting } from './setting.ts'
import { judge, type Verdict } from './verdict.ts'

export type ChaosOptions = {
  seconds: number
  seed: number
  documents?: number
  typistsPerDocument?: number
  onEvent?: (line: string) => void
}

export type Kind = 'server' | 'redis' | 'postgres' | 'restart'
export type ChaosResult = Verdict & {
  /** How often each was killed with SIGKILL; `restart` counts servers that were stopped with SIGTERM. */
  kills: Record<Kind, number>
  /** Clients that were destroyed for good. */
  lostClients: number
  /** Restarts that ended with something other than 0 though the database was there. */
  failedStops: number
}

/** Something that can be down. `end` resolves when it is gone. */
type Victim = { kind: Kind; name: string; isDown: boolean; end: () => Promise<void>; begin: () => Promise<void> }

/**
 * People type in several documents on two collab servers, while servers, Redis and PostgreSQL are killed at random, one
 * at a time or several, and come back. With each kill some people are gone too, in some documents all of them: a client
 * that survived would send what the servers lost, and hide it.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seconds, seed, documents = 6, typistsPerDocument = 4, onEvent = () => {} } = options
  const random = seededRandom(seed)
  const setting = await Setting.start({ members: documents * typistsPerDocument, documents })
  const { workspace, urls } = setting
  const rooms = workspace.documentIds.map((documentId, i) => {
    const people = workspace.members.slice(i * typistsPerDocument, (i + 1) * typistsPerDocument)
    return new Room({ documentId, people, urls, random })
  })
  const result = { kills: { server: 0, redis: 0, postgres: 0, restart: 0 }, lostClients: 0, failedStops: 0 }
  const victims = victimsOf(setting)
  const comebacks: Promise<void>[] = []

  const strike = async (victim: Victim, downMs: number): Promise<void> => {
    victim.isDown = true
    result.kills[victim.kind]++
    onEvent(`${victim.name} is away for ${(downMs / 1000).toFixed(1)} s`)
    await victim.end()
    await delay(downMs)
    await victim.begin()
    victim.isDown = false
  }
  const restart = async (server: CollabProcess, victim: Victim): Promise<void> => {
    victim.isDown = true
    result.kills.restart++
    const isDatabaseUp = !victims.some(({ kind, isDown }) => kind === 'postgres' && isDown)
    const { code, ms, log } = await server.stop()
    onEvent(`${victim.name} was told to stop and did with ${code} after ${ms.toFixed(0)} ms`)
    if (code !== 0 && isDatabaseUp) {
      result.failedStops++
      onEvent(log)
    }
    await victim.begin()
    victim.isDown = false
  }
  const losePeople = (room: Room, share: number): void => {
    const count = Math.ceil(room.typists.length * share)
    result.lostClients += count
    room.lose(count)
    comebacks.push(delay(300 + random() * 1_000).then(() => room.fill()))
  }

  try {
    const end = performance.now() + seconds * 1000
    await delay(1_000)
    while (performance.now() < end) {
      const up = victims.filter(({ isDown }) => !isDown)
      const draw = random()
      const count = draw < 0.6 ? 1 : draw < 0.85 ? 2 : victims.length
      const chosen = shuffled(up, random).slice(0, count)
      const server = setting.servers.findIndex((_, i) => victims[i] === chosen[0])
      if (count === 1 && server >= 0 && random() < 0.4) {
        comebacks.push(restart(setting.servers[server] as CollabProcess, victims[server] as Victim))
      } else if (chosen.length > 0) {
        for (const victim of chosen) comebacks.push(strike(victim, 200 + random() * 2_800))
        // In the odd documents nobody survives, so that what is there afterwards was stored.
        rooms.forEach((room, i) => {
          if (i % 2 === 1) losePeople(room, 1)
          else if (random() < 0.3) losePeople(room, 0.5)
        })
      }
      await delay(700 + random() * 2_000)
    }
    // Where one comeback begins another's wait, that one is in the list by then.
    for (const comeback of comebacks) await comeback
    await Promise.all(setting.servers.map((server) => server.ready()))
    return { ...result, ...(await judge(setting, rooms)) }
  } finally {
    for (const room of rooms) room.lose(room.typists.length)
    await setting.stop()
  }
}

function victimsOf({ servers, redis, postgres }: Setting): Victim[] {
  return [
    ...servers.map((server, i) => ({
      ...{ kind: 'server' as const, name: `server ${i + 1}`, isDown: false },
      end: () => server.kill(),
      begin: () => server.start(),
    })),
    {
      ...{ kind: 'redis', name: 'Redis', isDown: false },
      end: () => redis.kill(),
      begin: () => redis.restart(),
    },
    {
      ...{ kind: 'postgres', name: 'PostgreSQL', isDown: false },
      end: () => postgres.kill(),
      begin: () => postgres.restart(),
    },
  ]
}

function shuffled<T>(values: T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}
