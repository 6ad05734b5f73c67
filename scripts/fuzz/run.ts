import { fork } from 'node:child_process'
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
  waits: { before: Summary; during: Summary }
}

const calmMs = 4_000

/** Sends hostile frames to a server beside people who type in the same document and in another. */
export async function runFuzz({ frames, seed, onEvent = () => {} }: FuzzOptions): Promise<FuzzResult> {
  const random = seededRandom(seed)
  const setting = await Setting.start({
    ...{ members: 5, documents: 2, servers: 1 },
    environment: { TRUSTED_PROXIES: 'loopback', LOG_LEVEL: 'error' },
    nodeOptions: ['--expose-gc', '--import', path.join(import.meta.dirname, 'heap-probe.ts')],
  })
  const { workspace, urls, servers } = setting
  const [server] = servers as [Setting['servers'][number]]
  const [documentId, otherDocumentId] = workspace.documentIds as [string, string]
  const mallory = workspace.members[4]?.token as string
  const rooms = [documentId, otherDocumentId].map((id, i) => {
    const people = workspace.members.slice(i * 2, i * 2 + 2)
    return new Room({ documentId: id, people, urls, random, canOthersWrite: id === documentId })
  })
  const probe = new Remote<HeapProbe>(server.process)
  try {
    const corpus = await captureFrames(server.url, documentId, mallory)
    const attackOn = async (count: number, from: number): Promise<AttackReport> => {
      const state = Y.encodeStateAsUpdate(rooms[0]?.typists[0]?.client.document as Y.Doc)
      return launchAttack({
        ...{ collabUrl: server.url, yWebsocketUrl: server.url.replace(/collab$/, 'ws/documents') },
        ...{ documentId, otherDocumentId, member: mallory, stranger: workspace.stranger.token },
        ...{ corpus, state, frames: count, seed: from },
      })
    }
    // Whatever is made once only, such as compiled code and the first buffers, is there after some of it.
    await attackOn(Math.min(300, frames), seed + 1)
    onEvent('calm')
    await delay(1_000)
    const before = await measure(rooms, () => delay(calmMs))
    const heapBefore = await probe.ask('heapBytes')
    const errorsBefore = await errorsOf(server)
    onEvent('attack')
    let attack: AttackReport | undefined
    const during = await measure(rooms, async () => {
      attack = await attackOn(frames, seed)
    })
    await delay(1_000)
    const heapAfter = await probe.ask('heapBytes')
    const errors = (await errorsOf(server)) - errorsBefore
    onEvent('judging')
    const drops = rooms.flatMap(({ typists }) => typists.flatMap(({ client }) => client.closes)).length
    const verdict = await judge(setting, rooms)
    await server.stop()
    await server.start()
    const report = attack as AttackReport
    return {
      ...{ attack: report, drops, errors },
      verdicts: [verdict, await judge(setting, rooms)],
      falseAcknowledgements: missing(report.acknowledged, await storedDocument(setting, documentId)),
      heapBytes: { before: heapBefore, after: heapAfter },
      waits: { before, during },
    }
  } finally {
    for (const room of rooms) room.lose(room.typists.length)
    await setting.stop()
  }
}

/** What went wrong in the server itself, so far. */
async function errorsOf(server: { metric(name: string): Promise<number> }): Promise<number> {
  return (await server.metric('collab_errors_total')) + (await server.metric('unhandled_rejections_total'))
}

async function launchAttack(options: Parameters<AttackHandlers['attack']>[0]): Promise<AttackReport> {
  const child = fork(path.join(import.meta.dirname, 'attack-process.ts'), { serialization: 'advanced' })
  endWithUs(child)
  // As if it were on a machine of its own: it may have what time the server and the well-behaved leave.
  if (child.pid) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  try {
    return await new Remote<AttackHandlers>(child).ask('attack', options)
  } finally {
    child.disconnect()
    await exited(child)
  }
}

/** How long acknowledgements took while something went on. */
async function measure(rooms: Room[], work: () => Promise<unknown>): Promise<Summary> {
  const from = rooms.map(({ waitsMs }) => waitsMs.length)
  await work()
  return summarize(rooms.flatMap(({ waitsMs }, i) => waitsMs.slice(from[i])))
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
