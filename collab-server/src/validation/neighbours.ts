import * as Y from 'yjs'
import { locate } from './cost.ts'
import type { Sides } from './item-places.ts'

/** So many items are looked at to find out how two lie to each other, where time matters. */
const maxSteps = 2_000

/**
 * `wrong` were never next to each other; `unclear` may have been, which shows once what is on its way is applied. What lies
 * beside something `collected`, or in it, is collected, too.
 */
export type Neighbours = 'right' | 'wrong' | 'unclear' | 'collected'

type Place = { start: number } & Sides
/** Where an id is: in the document, on its way, or collected. */
type Found = { item: Y.Item | null; place: Place } | 'collected'

/**
 * Whether the two that an item names as its neighbours (`origin` and `rightOrigin`) can have been neighbours when it was
 * made. Yjs does not ask, and puts an item elsewhere for each who gets it in another order where they cannot: the replicas
 * would differ for ever. They can where they are in one list, in this order, and neither was made beside something
 * that lies between them, which nothing can have been if they were next to each other later (docs/adr/0020).
 */
export function areNeighbours(
  { origin, rightOrigin, parent }: Sides & { parent: unknown },
  doc: Y.Doc,
  onTheWay: (id: Y.ID) => Place | null,
  steps = maxSteps,
): Neighbours {
  const left = origin && find(origin, doc, onTheWay)
  const right = rightOrigin && find(rightOrigin, doc, onTheWay)
  if (left === 'collected' || right === 'collected') {
    // Lists are collected as a whole.
    const other = left === 'collected' ? right : left
    if (other === null || other === 'collected') return 'collected'
    return other.item ? 'wrong' : 'unclear'
  }
  if (parent instanceof Y.ID && isCollected(parent, doc, onTheWay)) return 'collected'
  const leftOfRight = right ? originOf(rightOrigin as Y.ID, right.place) : null
  const rightOfLeft = left ? left.place.rightOrigin : null
  // At an end of the list nothing can have been beside the other one on that side.
  if (!left || !right) return (leftOfRight ?? rightOfLeft) === null ? 'right' : 'wrong'
  if (Y.compareIDs(leftOfRight, origin) || Y.compareIDs(rightOfLeft, rightOrigin)) return 'right'
  if (!left.item || !right.item) return 'unclear'
  if (left.item.parent !== right.item.parent || left.item.parentSub !== right.item.parentSub) return 'wrong'
  const from = { item: left.item, clock: (origin as Y.ID).clock }
  const to = { item: right.item, clock: (rightOrigin as Y.ID).clock }
  return lookBetween(from, to, [leftOfRight, rightOfLeft], steps)
}

function find(id: Y.ID, doc: Y.Doc, onTheWay: (id: Y.ID) => Place | null): Found {
  const item = locate(doc, id)?.struct
  if (item instanceof Y.Item) {
    return { item, place: { start: item.id.clock, origin: item.origin, rightOrigin: item.rightOrigin } }
  }
  const place = item ? null : onTheWay(id)
  return place ? { item: null, place } : 'collected'
}

/** Of a type that was deleted, only its item is left. */
function isCollected(parent: Y.ID, doc: Y.Doc, onTheWay: (id: Y.ID) => Place | null): boolean {
  const struct = locate(doc, parent)?.struct
  if (!struct) return !onTheWay(parent)
  return !(struct instanceof Y.Item && struct.content instanceof Y.ContentType)
}

const originOf = ({ client, clock }: Y.ID, { start, origin }: Place): Y.ID | null =>
  clock === start ? origin : Y.createID(client, clock - 1)

type Side = { item: Y.Item; clock: number }

/** Goes from one to the other: is it to the right, and is none of these strictly between? */
function lookBetween(from: Side, to: Side, others: (Y.ID | null)[], steps: number): Neighbours {
  let item: Y.Item | null = from.item
  for (let left = steps; item && left > 0; left--) {
    const start = item === from.item ? from.clock + 1 : item.id.clock
    const end = item === to.item ? to.clock : item.id.clock + item.length
    if (start > end || others.some((id) => id && isWithin(id, item as Y.Item, start, end))) return 'wrong'
    if (item === to.item) return 'right'
    item = item.right
  }
  return item ? 'unclear' : 'wrong'
}

const isWithin = ({ client, clock }: Y.ID, item: Y.Item, start: number, end: number): boolean =>
  client === item.id.client && clock >= start && clock < end
