import { setTimeout as delay } from 'node:timers/promises'
import { documentTasks } from '@mdcreator/collab-server/document/document-tasks'
import * as Y from 'yjs'
import { fingerprint } from '../load-test/replica.ts'
import { summarize } from '../load-test/statistics.ts'
import type { Room } from './room.ts'
import type { Setting } from './setting.ts'
import { WireClient } from './wire-client.ts'

/** What was found once everything was up again and quiet. */
export type Verdict = {
  acknowledged: number
  /** Acknowledged edits that a fresh client of some server, or the rows, do not have. */
  lost: number
  /** Documents whose replicas (of the surviving clients, of a fresh one on each server, of the rows) differ. */
  unequal: number
  /** Documents where the fresh clients' encodings are the same, byte by byte. */
  sameBytes: number
  /** Documents whose `content` is not the projection of their rows. */
  contentMismatches: number
  /** Documents that a fresh client could not load. */
  unloadable: number
  documents: number
  /** The longest that anybody waited for an acknowledgement, in milliseconds. */
  longestWaitMs: number
  /** From the last keystroke until everything was acknowledged and all replicas equal, in milliseconds. */
  settledMs: number
  /** How servers ended without being told to. */
  ends: string[]
  /** Of each unequal document. */
  differences: string[]
}

export const isClean = ({ lost, unequal, contentMismatches, unloadable }: Verdict): boolean =>
  lost + unequal + contentMismatches + unloadable === 0

/** How long quiet may take: everything is up, so that is plenty. */
const patienceMs = 30_000

/** Lets everybody rest and looks whether all that was acknowledged is there, everywhere, and the same. */
export async function judge(setting: Setting, rooms: Room[]): Promise<Verdict> {
  for (const room of rooms) room.rest()
  const started = performance.now()
  await patiently(() => rooms.every((room) => room.isSettled))
  const findings = await Promise.all(rooms.map((room) => examine(setting, room)))
  const count = (is: (finding: Finding) => boolean): number => findings.filter(is).length
  return {
    acknowledged: sum(rooms.map(({ acknowledged }) => acknowledged)),
    lost: sum(findings.map(({ lost }) => lost)),
    unequal: count(({ isEqual }) => !isEqual),
    sameBytes: count(({ hasSameBytes }) => hasSameBytes),
    contentMismatches: count(({ isProjected }) => !isProjected),
    unloadable: count(({ isLoaded }) => !isLoaded),
    documents: rooms.length,
    longestWaitMs: Math.max(...rooms.map(({ waitsMs }) => summarize(waitsMs).max)),
    settledMs: Math.max(...findings.map(({ at }) => at)) - started,
    ends: setting.servers.flatMap(({ ends }) => ends),
    differences: findings.flatMap(({ difference }) => difference ?? []),
  }
}

type Finding = {
  lost: number
  isEqual: boolean
  difference: string | null
  hasSameBytes: boolean
  isProjected: boolean
  isLoaded: boolean
  /** When all replicas were equal. */
  at: number
}

async function examine(setting: Setting, room: Room): Promise<Finding> {
  const { documentId } = room
  const token = setting.workspace.members[0]?.token as string
  const fresh = setting.urls.map((url) => new WireClient({ urls: [url], documentId, token }))
  const isLoaded = await patiently(() => fresh.every(({ isSettled }) => isSettled))
  const replicas = [...fresh, ...room.typists.map(({ client }) => client)].map(({ document }) => document)
  const isEqual = await patiently(async () => {
    const stored = await storedDocument(setting, documentId)
    return new Set([stored, ...replicas].map(fingerprint)).size === 1
  })
  const at = performance.now()
  const isProjected = await patiently(() => hasProjection(setting, documentId))
  const readers = [await storedDocument(setting, documentId), ...fresh.map(({ document }) => document)]
  const lost = Math.max(...readers.map((document) => room.missingIn(document)))
  const encodings = new Set(
    fresh.map(({ document }) => Buffer.from(Y.encodeStateAsUpdate(document)).toString('base64')),
  )
  for (const client of fresh) client.destroy()
  const difference = isEqual ? null : describe(documentId, [await storedDocument(setting, documentId), ...replicas])
  return { lost, isEqual, difference, hasSameBytes: encodings.size === 1, isProjected, isLoaded, at }
}

/** The replicas of an unequal document, those first that the rows and the servers have. */
function describe(documentId: string, replicas: Y.Doc[]): string {
  const lines = replicas.map((document) => {
    const { pendingStructs, pendingDs } = document.store
    const clocks = [...Y.decodeStateVector(Y.encodeStateVector(document)).values()].reduce(
      (sum, clock) => sum + clock,
      0,
    )
    const waits = [...(pendingStructs?.missing ?? [])].map(([client, clock]) => `${client}:${clock}`)
    const deleted = [...Y.snapshot(document).ds.clients.values()].flat().reduce((sum, { len }) => sum + len, 0)
    const text = document.getXmlFragment('default').toString()
    return `  clocks ${clocks}, deleted ${deleted}, text ${text.length} long, waits for [${waits}], deletions wait ${pendingDs !== null}`
  })
  return `${documentId} (rows, a fresh client of each server, those who stayed):\n${lines.join('\n')}`
}

async function rowsOf({ pool }: Setting, documentId: string) {
  // One snapshot: a checkpoint may move rows meanwhile.
  const { rows } = await pool.query(
    `select content, yjs_state as state, array(
       select data from document_updates where document_id = d.id order by id
     ) as tail from documents d where id = $1`,
    [documentId],
  )
  return rows[0] as { content: string; state: Uint8Array | null; tail: Uint8Array[] }
}

/**
 * A document as its rows say. What waits in them for an edit that nobody stored is put aside, as servers do: of two batches
 * on their way when a server is killed the second may be stored alone. What was acknowledged never waits: it would count
 * as lost.
 */
export async function storedDocument(setting: Setting, documentId: string): Promise<Y.Doc> {
  const { state, tail } = await rowsOf(setting, documentId)
  const document = new Y.Doc()
  document.transact(() => {
    for (const update of state ? [state, ...tail] : tail) Y.applyUpdate(document, update)
  })
  document.store.pendingStructs = null
  document.store.pendingDs = null
  return document
}

async function hasProjection(setting: Setting, documentId: string): Promise<boolean> {
  const { content, state, tail } = await rowsOf(setting, documentId)
  const rows = tail.map((data) => ({ data, userId: null, origin: 'client' as const }))
  return documentTasks.fold({ type: 'markdown', state, owners: {}, tail: rows }).projection?.content === content
}

/** Waits until something holds; false where it does not in time. */
async function patiently(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await delay(20)
  }
  return true
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
