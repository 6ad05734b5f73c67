import * as Y from 'yjs'

/**
 * Of an update in the log, what a document does not have. An item that goes on from one which was collected here meanwhile
 * Yjs cannot take as a whole; its rest alone it takes, as collected too.
 */
export const restOf = (update: Uint8Array, doc: Y.Doc): Uint8Array => Y.diffUpdate(update, Y.encodeStateVector(doc))

/** Applies an update that is in the log. @throws Error where Yjs cannot, not even its rest */
export function applyLogged(doc: Y.Doc, update: Uint8Array, origin?: object): void {
  try {
    Y.applyUpdate(doc, update, origin)
  } catch {
    Y.applyUpdate(doc, restOf(update, doc), origin)
  }
}
