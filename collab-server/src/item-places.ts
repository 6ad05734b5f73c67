import * as Y from 'yjs'

type Id = { client: number; clock: number }
/**
 * In how many types an item lies, at most, and whether in the last of them it is the value of a key, not an element of a
 * list: null where that is not known yet.
 */
export type ItemPlace = { level: number; isKeyed: boolean | null }
/** Clocks from `start` to before `end`. */
type Run = ItemPlace & { start: number; end: number }

/** Where the items of an update lie: in runs, as most items lie where the one before them does. */
export class ItemPlaces {
  private readonly runs = new Map<number, Run[]>()

  /** In the order of each Yjs client's clocks. */
  add({ client, clock }: Id, length: number, { level, isKeyed }: ItemPlace): void {
    const runs = this.runs.get(client)
    const last = runs?.at(-1)
    if (last?.level === level && last.isKeyed === isKeyed && last.end === clock) {
      last.end += length
      return
    }
    const run = { start: clock, end: clock + length, level, isKeyed }
    if (runs) runs.push(run)
    else this.runs.set(client, [run])
  }

  at({ client, clock }: Id): ItemPlace | null {
    const runs = this.runs.get(client)
    if (!runs) return null
    let from = 0
    let to = runs.length - 1
    // Most refer to what came just before.
    let at = to
    while (from <= to) {
      const run = runs[at] as Run
      if (clock < run.start) to = at - 1
      else if (clock >= run.end) from = at + 1
      else return run
      at = (from + to) >> 1
    }
    return null
  }
}

/** Where an item of the document lies, of at most `maxLevel` types; null where it is not there. */
export function placeInDocument(doc: Y.Doc, id: Y.ID, maxLevel: number): ItemPlace | null {
  const structs = doc.store.clients.get(id.client)
  if (!structs || id.clock >= Y.getState(doc.store, id.client)) return null
  const item = structs[Y.findIndexSS(structs, id.clock)]
  if (!(item instanceof Y.Item)) return { level: 0, isKeyed: false }
  let level = 0
  let type = item.parent
  while (type instanceof Y.AbstractType && type._item && level <= maxLevel) {
    level++
    type = type._item.parent
  }
  return { level, isKeyed: item.parentSub !== null }
}
