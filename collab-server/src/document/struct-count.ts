import type * as Y from 'yjs'

/** As which a struct counts at least: of some, 7 bytes are all there is in an update. */
export const bytesPerStruct = 64
/** So long a count is good for: it goes through all Yjs clients of the document. */
const goodForMs = 250

/** How many structs a document has: a load takes some two microseconds and a few hundred bytes of memory for each. */
export class StructCount {
  private readonly document: Y.Doc
  private counted = 0
  private countedAt = Number.NEGATIVE_INFINITY

  constructor(document: Y.Doc) {
    this.document = document
  }

  get value(): number {
    const now = performance.now()
    if (now - this.countedAt > goodForMs) {
      this.countedAt = now
      this.counted = 0
      for (const structs of this.document.store.clients.values()) this.counted += structs.length
    }
    return this.counted
  }
}
