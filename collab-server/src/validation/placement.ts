import * as Y from 'yjs'
import { compareInDocument } from './conflict-cost.ts'
import { type Cost, endOf, locate, perComparison } from './cost.ts'
import { Placed } from './placed.ts'
import type { Decoded } from './update-structs.ts'

const perStruct = 2

/**
 * Where the items of an update come to lie. As long as an item goes between two that are next to each other, Yjs compares
 * nothing (`Item.integrate`). Else it compares what descends from the item's left neighbour: what of that is in the
 * document is counted one by one; of what is not, all that there is.
 */
export class Placement {
  /** Values in maps that the update replaces. */
  readonly replaced = new Set<Y.Item>()
  /** Types of the document that change, and those of them that get a formatting mark. */
  readonly changed = new Set<Y.AbstractType<unknown>>()
  readonly formatted = new Set<Y.AbstractType<unknown>>()
  /** The keys of its formatting marks. */
  readonly formats = new Set<string>()
  /** How many structs were placed. */
  count = 0
  private readonly doc: Y.Doc
  private readonly inFlight: number
  private readonly cost: Cost
  /** Null where nothing follows. */
  private readonly placed: Placed | null

  constructor(doc: Y.Doc, inFlight: number, cost: Cost, isAlone: boolean) {
    this.doc = doc
    this.inFlight = inFlight
    this.cost = cost
    this.placed = isAlone ? null : new Placed()
  }

  add(struct: Decoded['structs'][number]): void {
    this.count++
    this.cost.pieces++
    this.cost.micros += perStruct
    if (!(struct instanceof Y.Item)) return
    const left = this.cut(struct.origin, 1)
    const right = this.cut(struct.rightOrigin, 0)
    if (endOf(struct) <= Y.getState(this.doc.store, struct.id.client)) return
    const beside = left ?? right
    const parent = this.parentOf(struct, beside)
    const key = struct.parentSub ?? beside?.parentSub ?? null
    if (struct.content instanceof Y.ContentFormat) this.formats.add(struct.content.key)
    if (parent) this.change(parent, key, struct)
    const isDirect = this.put(struct, left, right, parent, key)
    if (!isDirect && parent) compareInDocument(struct, left, right, parent, key, this.doc, this.cost)
  }

  /** The item of the document in which an id lies. Where Yjs would split it, that is counted. */
  private cut(id: Y.ID | null, after: 0 | 1): Y.Item | null {
    const place = id && locate(this.doc, id)
    if (!place || !(place.struct instanceof Y.Item)) return null
    const offset = id.clock - place.struct.id.clock + after
    if (offset > 0 && offset < place.struct.length) this.cost.split(place.structs, place.index)
    return place.struct
  }

  private parentOf({ parent }: Y.Item, beside: Y.Item | null): Y.AbstractType<unknown> | null {
    if (typeof parent === 'string') return (this.doc.share.get(parent) as Y.AbstractType<unknown> | undefined) ?? null
    if (!(parent instanceof Y.ID)) return (beside?.parent as Y.AbstractType<unknown> | null | undefined) ?? null
    const struct = locate(this.doc, parent)?.struct
    return struct instanceof Y.Item && struct.content instanceof Y.ContentType ? struct.content.type : null
  }

  private change(parent: Y.AbstractType<unknown>, key: string | null, { content }: Y.Item): void {
    this.changed.add(parent)
    const value = key === null ? undefined : parent._map.get(key)
    if (value && !value.deleted) this.replaced.add(value)
    if (content instanceof Y.ContentFormat) this.formatted.add(parent)
  }

  /** False where the item must be compared with others; those that are not in the document are counted here. */
  private put(
    item: Y.Item,
    left: Y.Item | null,
    right: Y.Item | null,
    parent: Y.AbstractType<unknown> | null,
    key: string | null,
  ): boolean {
    const { placed, cost } = this
    const { origin, rightOrigin } = item
    if (!placed || !origin || !placed.hasEnd(origin)) cost.micros += this.inFlight * perComparison
    if (!placed) return origin ? isBeside(origin, rightOrigin, left) : isFirst(rightOrigin, right, parent, key)
    const isDirect = origin
      ? (placed.isBeside(origin, rightOrigin) ?? isBeside(origin, rightOrigin, left))
      : (placed.isFirst(item, right, key) ?? isFirst(rightOrigin, right, parent, key))
    if (!isDirect) cost.micros += (origin && placed.isFree(origin) ? 1 : this.count) * perComparison
    placed.add(item, right, key, isDirect)
    return isDirect
  }
}

/** True where an item that goes between its neighbours is between two that are next to each other in the document. */
function isBeside(origin: Y.ID, rightOrigin: Y.ID | null, left: Y.Item | null): boolean {
  // What the document does not have is followed by what its Yjs client wrote next, as far as is known.
  if (!left || origin.clock < endOf(left) - 1)
    return rightOrigin?.client === origin.client && rightOrigin.clock === origin.clock + 1
  return Y.compareIDs(left.right?.id ?? null, rightOrigin)
}

/** True where an item without a left neighbour goes before the first of its list. */
function isFirst(
  rightOrigin: Y.ID | null,
  right: Y.Item | null,
  parent: Y.AbstractType<unknown> | null,
  key: string | null,
): boolean {
  if (rightOrigin) return right?.left === null && right.id.clock === rightOrigin.clock
  return !parent || (key === null ? parent._start === null : !parent._map.has(key))
}
