import { FIELD } from '@mdcreator/shared/markdown/yjs'
import { serveTasks } from '@mdcreator/shared/task-worker'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { type Inspection, trusted } from './inspected.ts'
import { areNeighbours } from './neighbours.ts'
import { validateUpdate } from './update-validator.ts'

/** Milliseconds that an update may take to apply, and by how much it may slow down the loading of its document. */
const maxApplyMs = 1_000
const maxLoadMs = 1_500
/** More for each item that it deletes: who empties a large document is right, and could not do it otherwise. */
const perDeletionMs = 0.025

/** What updates do that may be too much for the main thread: in a process that may run out of time or memory. */
export const inspectionTasks = {
  inspect({ state, update }: { state: Uint8Array; update: Uint8Array }): Omit<Inspection, 'pieces'> {
    const copy = new Y.Doc()
    const before = timeOf(() => Y.applyUpdate(copy, state))
    const verdict = validateUpdate(update, copy, new AcceptedEdits(), 'anybody', { inspected: trusted })
    if (verdict === 'gap' || verdict === 'malformed' || verdict === 'too-large') return { verdict, millis: 0 }
    // What is observed in the main thread too: it has a price.
    copy.getXmlFragment(FIELD).observeDeep(() => {})
    copy.on('update', () => {})
    const live = liveItems(copy)
    const had = Y.decodeStateVector(Y.encodeStateVector(copy))
    let millis = 0
    try {
      millis = timeOf(() => Y.applyUpdate(copy, update))
    } catch {
      return { verdict: 'malformed', millis }
    }
    if (copy.store.pendingStructs || copy.store.pendingDs) return { verdict: 'malformed', millis }
    if (!liesWell(update, had, copy)) return { verdict: 'malformed', millis }
    const deleted = Math.max(0, live - liveItems(copy))
    if (millis > maxApplyMs + deleted * perDeletionMs) return { verdict: 'too-large', millis }
    const after = timeOf(() => Y.applyUpdate(new Y.Doc(), Y.encodeStateAsUpdate(copy)))
    return { verdict: after > before + maxLoadMs ? 'too-large' : 'ok', millis }
  },
}

/** Whether what an update brought lies where it does for everybody. `had` are the clocks of the document before. */
function liesWell(update: Uint8Array, had: Map<number, number>, doc: Y.Doc): boolean {
  return Y.decodeUpdate(update).structs.every(
    (struct) =>
      !(struct instanceof Y.Item) ||
      struct.id.clock < (had.get(struct.id.client) ?? 0) ||
      areNeighbours(struct, doc, () => null, Number.POSITIVE_INFINITY) !== 'wrong',
  )
}

function liveItems(doc: Y.Doc): number {
  let count = 0
  for (const structs of doc.store.clients.values()) for (const struct of structs) if (!struct.deleted) count++
  return count
}

/** Of the processor: others that are busy do not count. */
function timeOf(work: () => void): number {
  const start = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1000
}

serveTasks(inspectionTasks)
