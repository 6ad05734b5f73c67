import * as Y from 'yjs'

type Id = { client: number; clock: number }
/**
 * In how many types an item lies, at most, and whether in the last of them it is the value of a key, not an element of a
 * list.
 */
export type ItemPlace = { level: number; isKeyed: boolean }
/** What lay beside an item when it was made; of what follows in its run, that is what comes before it there. */
export type Sides = { origin: Y.ID | null; rightOrigin: Y.ID | null }
/** Clocks from `start` to before `end`. */
type Run = ItemPlace & Sides & { start: number; end: number }

/** Where items lie that are not in the document yet: in runs, as somebody who types makes them. */
export class ItemPlaces {
  private runs = new Map<number, Run[]>()

  /** In the order of each Yjs client's clocks. */
  add({ id: { client, clock }, length, origin, rightOrigin }: Y.Item, { level, isKeyed }: ItemPlace): void {
    this.put(client, { start: clock, end: clock + length, level, isKeyed, origin, rightOrigin })
  }

  /** Takes over what a document does not have of others, and forgets what it has. */
  take(others: ItemPlaces, doc: Y.Doc): void {
    for (const [client, runs] of others.runs) {
      const state = Y.getState(doc.store, client)
      const own = this.runs.get(client)
      while (own?.[0] && own[0].end <= state) own.shift()
      for (const run of runs) if (run.end > state) this.put(client, { ...run })
    }
  }

  clear(): void {
    this.runs = new Map()
  }

  at({ client, clock }: Id): Run | null {
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

  private put(client: number, run: Run): void {
    const runs = this.runs.get(client)
    const last = runs?.at(-1)
    if (last && continues(last, run, client)) last.end = run.end
    else if (runs) runs.push(run)
    else this.runs.set(client, [run])
  }
}

const continues = (last: Run, { start, level, isKeyed, origin, rightOrigin }: Run, client: number): boolean =>
  last.end === start &&
  last.level === level &&
  last.isKeyed === isKeyed &&
  origin?.client === client &&
  origin.clock === start - 1 &&
  Y.compareIDs(last.rightOrigin, rightOrigin)

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
