import type { Document } from '@hocuspocus/server'
import { writeCorked } from './message-writer.ts'

/** How long what people say of themselves waits for company: a dozen cursor moves a second look smooth. */
const awarenessMs = 80

/** What of Hocuspocus's Document this changes (4.7): its own windows are one and the same for edits and cursors. */
type Internals = {
  flush(): Document
  scheduleFlush(): void
  cancelFlush: (() => void) | null
  pendingUpdates: Uint8Array[]
}
type Observers = { _observers: Map<string, Set<(...args: never[]) => void>> }

/**
 * Sends edits at the end of the turn of the event loop that brought them, and cursors with the next edit, or 80 ms later:
 * each message to each person is a write to a socket, which is what this server spends most of its time on.
 */
export function batchAwareness(document: Document): void {
  const internals = document as unknown as Internals
  let isWaiting = false
  internals.scheduleFlush = () => {
    const isEdit = internals.pendingUpdates.length > 0
    if (internals.cancelFlush && !(isWaiting && isEdit)) return
    internals.cancelFlush?.()
    const flush = (): void => {
      internals.cancelFlush = null
      internals.flush()
      writeCorked()
    }
    isWaiting = !isEdit
    if (isEdit) {
      const immediate = setImmediate(flush)
      internals.cancelFlush = () => clearImmediate(immediate)
    } else {
      const timer = setTimeout(flush, awarenessMs)
      internals.cancelFlush = () => clearTimeout(timer)
    }
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
