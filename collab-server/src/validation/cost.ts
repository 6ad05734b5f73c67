import * as Y from 'yjs'

/** Microseconds for `Item.integrate` to compare an item with another. */
export const perComparison = 0.3

/** An estimate of the time that Yjs needs, in microseconds: as measured on two shared cores, and rather too much. */
export class Cost {
  readonly budget: number
  micros = 0
  /**
   * Into how many structs more the document would fall apart. What is accepted later may have to be compared with each of
   * them.
   */
  pieces = 0

  constructor(budget: number) {
    this.budget = budget
  }

  get isOver(): boolean {
    return this.micros > this.budget
  }

  /** To split a struct, or to merge it with its neighbour: either moves all later structs of its Yjs client. */
  splice(structs: Structs, index: number): void {
    this.micros += (structs.length - index) * (structs.length > 50_000 ? 0.005 : 0.0003)
  }

  split(structs: Structs, index: number): void {
    const struct = structs[index]
    this.pieces++
    this.splice(structs, index)
    if (struct instanceof Y.Item && copiesWhenSplit(struct)) this.micros += 0.007 * struct.length
  }
}

export type Structs = (Y.GC | Y.Item)[]
export type Place = { structs: Structs; index: number; struct: Y.GC | Y.Item }

const copiesWhenSplit = ({ content }: Y.Item): boolean =>
  content instanceof Y.ContentAny || content instanceof Y.ContentJSON

/** Where an id is in the document, or null. */
export function locate(doc: Y.Doc, { client, clock }: { client: number; clock: number }): Place | null {
  const structs = doc.store.clients.get(client)
  if (!structs || clock >= Y.getState(doc.store, client)) return null
  const index = Y.findIndexSS(structs, clock)
  const struct = structs[index]
  return struct ? { structs, index, struct } : null
}

export const endOf = ({ id, length }: Y.GC | Y.Item): number => id.clock + length
