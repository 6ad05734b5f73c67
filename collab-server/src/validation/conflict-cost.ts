import * as Y from 'yjs'
import { type Cost, locate, perComparison } from './cost.ts'

const perStep = 0.01

/** Counts what `Item.integrate` would compare an item with in the document: the same loop, without the item. */
export function compareInDocument(
  item: Y.Item,
  left: Y.Item | null,
  right: Y.Item | null,
  parent: Y.AbstractType<unknown>,
  key: string | null,
  doc: Y.Doc,
  cost: Cost,
): void {
  const passed = new Set<Y.Item>()
  // The left neighbour's second half, where it would be split.
  let other = left ? (isInside(item.origin, left) ? left : left.right) : firstOf(parent, key, cost)
  while (other !== null && other !== right && !cost.isOver) {
    cost.micros += perComparison
    passed.add(other)
    const isSibling = other === left || Y.compareIDs(item.origin, other.origin)
    if (isSibling) {
      if (other.id.client >= item.id.client && Y.compareIDs(item.rightOrigin, other.rightOrigin)) return
    } else {
      const origin = other.origin && locate(doc, other.origin)?.struct
      if (!(origin instanceof Y.Item) || !passed.has(origin)) return
    }
    other = other.right
  }
}

const isInside = (id: Y.ID | null, { id: { clock }, length }: Y.Item): boolean =>
  id !== null && id.clock < clock + length - 1

/** Of a key of a map, Yjs finds the first value from the last, twice. */
function firstOf(parent: Y.AbstractType<unknown>, key: string | null, cost: Cost): Y.Item | null {
  if (key === null) return parent._start
  let item = parent._map.get(key) ?? null
  while (item?.left && !cost.isOver) {
    cost.micros += 2 * perStep
    item = item.left
  }
  return item
}
