import * as Y from 'yjs'

/**
 * True where an item of which the document has the first part is that part's continuation. Of an item that is known in
 * part Yjs takes the rest, and lays it to the right of whatever it has before it: were that something else, the rest would
 * lie elsewhere for whoever loads the document from its stored form.
 *
 * @param known the first clock of the item's client that the document does not have; it lies within the item
 */
export function continuesKnown(item: Y.Item, known: number, doc: Y.Doc): boolean {
  const { client, clock } = item.id
  const structs = doc.store.clients.get(client) ?? []
  const first = structs[Y.findIndexSS(structs, clock)]
  const last = structs[Y.findIndexSS(structs, known - 1)]
  if (!(first instanceof Y.Item) || !(last instanceof Y.Item)) return false
  if (!isSame(originAt(first, clock), item.origin) || !isSame(first.rightOrigin, item.rightOrigin)) return false
  // Pieces of one item follow on each other, and keep its right origin.
  const isPiece = last === first || isSame(last.origin, Y.createID(client, last.id.clock - 1))
  if (!isPiece || !isSame(last.rightOrigin, item.rightOrigin) || !isSameKind(last, item)) return false
  // Beside another item it has that one's parent.
  return item.origin !== null || item.rightOrigin !== null || hasParent(first, item)
}

/** The origin of what an item has from a clock on. */
const originAt = (item: Y.Item, clock: number): Y.ID | null =>
  item.id.clock === clock ? item.origin : Y.createID(item.id.client, clock - 1)

const isSame = (a: Y.ID | null, b: Y.ID | null): boolean => Y.compareIDs(a, b)

/** What was deleted, here or there, may have lost its content. */
const isSameKind = ({ content }: Y.Item, item: Y.Item): boolean =>
  [content, item.content].some((either) => either instanceof Y.ContentDeleted) ||
  content.constructor === item.content.constructor

function hasParent(known: Y.Item, item: Y.Item): boolean {
  if (known.parentSub !== item.parentSub || !(known.parent instanceof Y.AbstractType)) return false
  const { parent } = item
  if (typeof parent === 'string') return known.parent === known.parent.doc?.share.get(parent)
  return parent instanceof Y.ID && isSame(known.parent._item?.id ?? null, parent)
}
