import type { Document } from '@hocuspocus/server'
import { encodeStates } from '../presence/awareness-states.ts'
import { awarenessMessage } from '../wire/frame.ts'
import { writeWaiting } from '../wire/message-writer.ts'

/** How long what people say of themselves waits for company: a dozen cursor moves a second look smooth. */
const awarenessMs = 80
/** In a document of more people than this, an edit waits for others too: each costs a write to every one of them. */
const crowd = 40
/** So many milliseconds for each person, up to less than a frame of a screen. */
const editMsPerPerson = 0.1
const maxEditMs = 10

/** What of Hocuspocus's Document this changes (4.7): its own windows are one and the same for edits and cursors. */
type Internals = {
  flush(): Document
  scheduleFlush(): void
  cancelFlush: (() => void) | null
  pendingUpdates: Uint8Array[]
  pendingAwarenessClients: Set<number>
  broadcast(encode: (address: string) => Uint8Array): void
  broadcastAwarenessUpdate(clientIds: number[]): void
}
type Observers = { _observers: Map<string, Set<(...args: never[]) => void>> }

/**
 * Sends edits at the end of the turn of the event loop that brought them (in a crowd, some milliseconds later), and
 * cursors with the next edit, or 80 ms later: each message to each person is a write to a socket, which is what this
 * server spends most of its time on.
 */
export function batchBroadcasts(document: Document): void {
  const internals = document as unknown as Internals
  internals.broadcastAwarenessUpdate = (clientIds) => {
    const update = encodeStates(document.awareness, clientIds)
    internals.broadcast((address) => awarenessMessage(address, update))
  }
  let isWaiting = false
  internals.scheduleFlush = () => {
    const isEdit = internals.pendingUpdates.length > 0
    if (internals.cancelFlush && !(isWaiting && isEdit)) return
    internals.cancelFlush?.()
    const flush = (): void => {
      internals.cancelFlush = null
      internals.flush()
      // It was cleared (see AcceptedEdits.settle).
      internals.pendingAwarenessClients = new Set()
      writeWaiting()
    }
    isWaiting = !isEdit
    internals.cancelFlush = plan(flush, isEdit ? editMs(document.connections.size) : awarenessMs)
  }
}

const editMs = (people: number): number => (people > crowd ? Math.min(maxEditMs, people * editMsPerPerson) : 0)

/** Calls `work` so many milliseconds later, or at the end of this turn of the event loop; returns how to call it off. */
function plan(work: () => void, ms: number): () => void {
  if (ms > 0) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  }
  const immediate = setImmediate(work)
  return () => clearImmediate(immediate)
}

/** Changes a document that nobody is connected to yet: there is no update to encode, which Yjs does for whoever listens. */
export function withoutBroadcast(document: Document, change: () => void): void {
  const { _observers } = document as unknown as Observers
  const listeners = _observers.get('update')
  _observers.delete('update')
  try {
    change()
  } finally {
    if (listeners) _observers.set('update', listeners)
  }
}

/**
 * Returns a function that takes away the listeners to awareness which were added since: Hocuspocus's own makes a list of
 * everybody at each cursor move, for a hook that nobody has.
 */
export function keepListeners(document: Document): () => void {
  const { _observers } = document.awareness as unknown as Observers
  const known = new Set(_observers.get('update'))
  return () => {
    for (const listener of _observers.get('update') ?? []) {
      if (!known.has(listener)) document.awareness.off('update', listener as never)
    }
  }
}
