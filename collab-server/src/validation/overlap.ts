import { equalityDeep } from 'lib0/function'
import * as Y from 'yjs'

/** So many pieces of an item are compared. */
const maxPieces = 1_000

/**
 * True where an item of which the document has the first part is that part's continuation. Of an item that is known in
 * part Yjs takes the rest, and lays it to the right of whatever it has before it: were that something else, the rest would
 * lie elsewhere for whoever loads the document from its stored form, or gets the item first. Where it is not, or cannot be
 * told, the sender must send the rest alone.
 */
export function continuesKnown(item: Y.Item, doc: Y.Doc): boolean {
  const { client, clock } = item.id
  const structs = doc.store.clients.get(client) ?? []
  const from = Y.findIndexSS(structs, clock)
  const first = structs[from]
  if (!(first instanceof Y.Item) || structs.length - from > maxPieces) return false
  if (!isSame(originAt(first, clock), item.origin)) return false
  // Beside another item it has that one's parent.
  if (item.origin === null && item.rightOrigin === null && !hasParent(first, item)) return false
  return structs.slice(from).every((piece) => isPiece(piece, item, first))
}

/** Pieces of one item follow on each other, and keep its right origin, its parent and their part of its content. */
function isPiece(piece: Y.Item | Y.GC, item: Y.Item, first: Y.Item): boolean {
  return (
    piece instanceof Y.Item &&
    (piece === first || isSame(piece.origin, Y.createID(item.id.client, piece.id.clock - 1))) &&
    isSame(piece.rightOrigin, item.rightOrigin) &&
    piece.parent === first.parent &&
    piece.parentSub === first.parentSub &&
    hasContent(piece, item)
  )
}

/** The origin of what an item has from a clock on. */
const originAt = (item: Y.Item, clock: number): Y.ID | null =>
  item.id.clock === clock ? item.origin : Y.createID(item.id.client, clock - 1)

const isSame = (a: Y.ID | null, b: Y.ID | null): boolean => Y.compareIDs(a, b)

/** What was deleted, here or there, may have lost its content. Only text and lists of values come in parts. */
function hasContent({ id, content }: Y.Item, item: Y.Item): boolean {
  const whole = item.content
  if (content instanceof Y.ContentDeleted || whole instanceof Y.ContentDeleted) return true
  const from = Math.max(0, item.id.clock - id.clock)
  const at = Math.max(0, id.clock - item.id.clock)
  if (content instanceof Y.ContentString) {
    return whole instanceof Y.ContentString && whole.str.startsWith(content.str.slice(from), at)
  }
  const values = valuesOf(content)?.slice(from)
  return values !== undefined && equalityDeep(values, valuesOf(whole)?.slice(at, at + values.length))
}

const valuesOf = (content: Y.Item['content']): unknown[] | undefined =>
  content instanceof Y.ContentAny || content instanceof Y.ContentJSON ? content.arr : undefined

function hasParent(known: Y.Item, item: Y.Item): boolean {
  if (known.parentSub !== item.parentSub || !(known.parent instanceof Y.AbstractType)) return false
  const { parent } = item
  if (typeof parent === 'string') return known.parent === known.parent.doc?.share.get(parent)
  return parent instanceof Y.ID && isSame(known.parent._item?.id ?? null, parent)
}
