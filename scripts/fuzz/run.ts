import { fork, spawnSync } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@mdcreator/shared/random'
import * as Y from 'yjs'
import { endWithUs, exited } from '../chaos/kill-hard.ts'
import { Room } from '../chaos/room.ts'
import { Setting } from '../chaos/setting.ts'
import { judge, storedDocument, type Verdict } from '../chaos/verdict.ts'
import { Remote } from '../load-test/remote.ts'
import { fingerprint } from '../load-test/replica.ts'
import { type Summary, summarize } from '../load-test/statistics.ts'
import type { AttackReport } from './attack.ts'
import type { AttackHandlers } from './attack-process.ts'
import { captureFrames } from './corpus.ts'
import type { HeapProbe } from './heap-probe.ts'
import { joinReports } from './report.ts'

export type FuzzOptions = { frames: number; seed: number; onEvent?: (line: string) => void }

export type FuzzResult = {
  attack: AttackReport
  /** Afterwards, and once more after the server was started anew. */
  verdicts: [Verdict, Verdict]
  /** Sockets of the well-behaved that were closed. */
  drops: number
  /** Updates that the server called stored and that are not. */
  falseAcknowledgements: number
  /** What `collab_errors_total` and `unhandled_rejections_total` grew by. */
  errors: number
  heapBytes: { before: number; after: number }
  /** How long the well-behaved waited for acknowledgements, in milliseconds. */
  waits: { calm: Summary; attacked: Summary }
}

/** In each of the two documents. */
const peoplePerDocument = 4
/** Of one attack; between two of them it is calm for as long. */
const framesPerAttack = 400
/** What an attack leaves to do is done by then. */
const settlingMs = 1_000

/** Sends hostile frames to a server beside people who type in the same document and in another. */
export async function runFuzz({ frames, seed, onEvent = () => {} }: FuzzOptions): Promise<FuzzResult> {
  const random = seededRandom(seed)
  const setting = await Setting.start({
    ...{ members: 2 * peoplePerDocument + 1, documents: 2, servers: 1 },
    environment: { TRUSTED_PROXIES: 'loopback', LOG_LEVEL: 'error' },
    nodeOptions: ['--expose-gc', '--import', path.join(import.meta.dirname, 'heap-probe.ts')],
  })
  const { workspace, urls, servers } = setting
  const [server] = servers as [Setting['servers'][number]]
  const [documentId, otherDocumentId] = workspace.documentIds as [string, string]
  const mallory = workspace.members.at(-1)?.token as string
  const rooms = [documentId, otherDocumentId].map((id, i) => {
    const people = workspace.members.slice(i * peoplePerDocument, (i + 1) * peoplePerDocument)
    return new Room({ documentId: id, people, urls, random, canOthersWrite: id === documentId })
  })
  const probe = new Remote<HeapProbe>(server.process)
  const attackers = launchAttackers()
  try {
    const corpus = await captureFrames(server.url, documentId, mallory)
    const attack = (count: number, from: number): Promise<AttackReport> =>
      attackers.ask('attack', {
        ...{ collabUrl: server.url, yWebsocketUrl: server.url.replace(/collab$/, 'ws/documents') },
        ...{ documentId, otherDocumentId, member: mallory, stranger: workspace.stranger.token },
        ...{ corpus, state: stateIn(rooms[0] as Room), frames: count, seed: from },
      })
    onEvent('the first attack')
    // Whatever is made once only, such as compiled code and the first buffers, is there after some of it.
    let attackMs = await timeOf(() => attack(Math.min(framesPerAttack, frames), seed - 1))
    await delay(settlingMs)
    const heapBefore = await probe.ask('heapBytes')
    const errorsBefore = await errorsOf(server)
    const reports: AttackReport[] = []
    const waits: Record<'calm' | 'attacked', number[]> = { calm: [], attacked: [] }
    // By turns: the machine itself is faster at times.
    for (let left = frames; left > 0; left -= framesPerAttack) {
      onEvent(`${left} frames left`)
      await delay(settlingMs)
      waits.calm.push(...(await waitsWhile(rooms, () => delay(attackMs))))
      const work = async (): Promise<void> => {
        reports.push(await attack(Math.min(framesPerAttack, left), seed + reports.length))
      }
      attackMs = await timeOf(async () => waits.attacked.push(...(await waitsWhile(rooms, work))))
    }
    await delay(settlingMs)
    const heapAfter = await probe.ask('heapBytes')
    const errors = (await errorsOf(server)) - errorsBefore
    onEvent('judging')
    const drops = rooms.flatMap(({ typists }) => typists.flatMap(({ client }) => client.closes)).length
    const verdict = await judge(setting, rooms)
    await server.stop()
    await server.start()
    const report = joinReports(reports)
    return {
      ...{ attack: report, drops, errors },
      verdicts: [verdict, await judge(setting, rooms)],
      falseAcknowledgements: missing(report.acknowledged, await storedDocument(setting, documentId)),
      heapBytes: { before: heapBefore, after: heapAfter },
      waits: { calm: summarize(waits.calm), attacked: summarize(waits.attacked) },
    }
  } finally {
    attackers.child.disconnect()
    await exited(attackers.child)
    for (const room of rooms) room.lose(room.typists.length)
    await setting.stop()
  }
}

const stateIn = ({ typists }: Room): Uint8Array => Y.encodeStateAsUpdate(typists[0]?.client.document as Y.Doc)

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** What went wrong in the server itself, so far. */
async function errorsOf(server: { metric(name: string): Promise<number> }): Promise<number> {
  return (await server.metric('collab_errors_total')) + (await server.metric('unhandled_rejections_total'))
}

function launchAttackers(): Remote<AttackHandlers> {
  const child = fork(path.join(import.meta.dirname, 'attack-process.ts'), { serialization: 'advanced' })
  endWithUs(child)
  if (child.pid) takeOnlyWhatIsLeft(child.pid)
  return new Remote(child)
}

/**
 * As if the process were on a machine of its own: it may have what time the server and the well-behaved leave. Where a
 * scheduler has only priorities, the lowest one still ends its slice of some milliseconds before those come to theirs.
 */
function takeOnlyWhatIsLeft(pid: number): void {
  setPriority(pid, constants.priority.PRIORITY_LOW)
  if (process.platform === 'linux') spawnSync('chrt', ['--idle', '--all-tasks', '--pid', '0', String(pid)])
}

/** How long acknowledgements took while something went on. */
async function waitsWhile(rooms: Room[], work: () => Promise<unknown>): Promise<number[]> {
  const from = rooms.map(({ waitsMs }) => waitsMs.length)
  await work()
  return rooms.flatMap(({ waitsMs }, i) => waitsMs.slice(from[i]))
}

/** How many of the updates still add something to a document that should have them. */
function missing(updates: Uint8Array[], stored: Y.Doc): number {
  const before = fingerprint(stored)
  return updates.filter((update) => {
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(stored))
    Y.applyUpdate(copy, update)
    const isMissing = fingerprint(copy) !== before
    copy.destroy()
    return isMissing
  }).length
}
