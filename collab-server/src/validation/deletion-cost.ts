import * as Y from 'yjs'
import { type Cost, endOf, locate, type Structs } from './cost.ts'
import type { Placement } from './placement.ts'
import type { Decoded } from './update-structs.ts'

const perRange = 0.1
const perDeletion = 1.5
const perStep = 0.02
const perAttribute = 0.1

/** What an update takes besides placing its items: deletions, and what Yjs does at the end of the transaction. */
export function deletionCost(deletes: Decoded['ds'], doc: Y.Doc, placement: Placement, cost: Cost): void {
  const dying = new Dying(doc, cost)
  for (const [client, ranges] of deletes.clients) {
    const structs = doc.store.clients.get(client)
    if (!structs) continue
    for (const { clock, len } of ranges) {
      cost.micros += perRange
      if (clock < Y.getState(doc.store, client)) dying.addRange(structs, clock, clock + len)
      if (cost.isOver) return
    }
  }
  for (const item of placement.replaced) dying.add(item)
  for (const item of dying.items) if (isFormatted(item.parent)) dying.closeGap(item, placement.formatted)
  for (const type of placement.formatted) cleanUp(type, placement.formats.size, cost)
  for (const item of dying.items) if (item.parent instanceof Y.AbstractType) placement.changed.add(item.parent)
  cost.micros += placement.formats.size * placement.count * perAttribute
  findPaths(placement.changed, cost)
}

/** The same of a keystroke that deletes: part of one item of plain text. False where it is none. */
export function keystrokeCost(deletes: Decoded['ds'], doc: Y.Doc, cost: Cost): boolean {
  if (deletes.clients.size !== 1) return false
  for (const [client, [range, ...others]] of deletes.clients) {
    const place = range && others.length === 0 ? locate(doc, { client, clock: range.clock }) : null
    if (!range || !place) return false
    const { structs, index, struct } = place
    const isPart = struct instanceof Y.Item && struct.content instanceof Y.ContentString && !isFormatted(struct.parent)
    if (!isPart || range.clock + range.len > endOf(struct)) return false
    for (let splices = 0; splices < 3; splices++) cost.split(structs, index)
    cost.micros += perDeletion
  }
  return true
}

const isFormatted = (type: unknown): boolean =>
  type instanceof Y.AbstractType && (type as Y.Text)._hasFormatting === true

/** What is deleted, with all that lies in it. */
class Dying {
  readonly items = new Set<Y.Item>()
  private readonly doc: Y.Doc
  private readonly cost: Cost
  private last: Y.Item | null = null

  constructor(doc: Y.Doc, cost: Cost) {
    this.doc = doc
    this.cost = cost
  }

  addRange(structs: Structs, clock: number, end: number): void {
    const { cost } = this
    let index = Y.findIndexSS(structs, clock)
    for (let struct = structs[index]; struct && struct.id.clock < end && !cost.isOver; struct = structs[++index]) {
      cost.micros += perStep
      if (!(struct instanceof Y.Item) || struct.deleted) continue
      if (struct.id.clock < clock) cost.split(structs, index)
      if (endOf(struct) > end) cost.split(structs, index)
      if (struct.content instanceof Y.ContentType) this.add(struct)
      else this.count(struct, structs, index)
    }
  }

  add(first: Y.Item): void {
    const waiting = [first]
    for (let item = waiting.pop(); item && !this.cost.isOver; item = waiting.pop()) {
      this.cost.micros += perStep
      if (this.items.has(item)) continue
      const structs = this.doc.store.clients.get(item.id.client) ?? []
      this.count(item, structs, Y.findIndexSS(structs, item.id.clock))
      if (!(item.content instanceof Y.ContentType)) continue
      const { _start: start, _map: map } = item.content.type
      for (let child = start; child && !this.cost.isOver; child = child.right) {
        this.cost.micros += perStep
        waiting.push(child)
      }
      for (const child of map.values()) waiting.push(child)
    }
  }

  /** What is not next to the last one is collected by itself, which moves all later structs of its Yjs client. */
  private count(item: Y.Item, structs: Structs, index: number): void {
    const { last } = this
    this.items.add(item)
    this.last = item
    this.cost.micros += perDeletion
    if (last?.id.client === item.id.client && (endOf(last) === item.id.clock || endOf(item) === last.id.clock)) return
    this.cost.splice(structs, index)
  }

  /** In formatted text Yjs looks for marks around each deleted item, up to the next content on both sides. */
  closeGap(item: Y.Item, formatted: Set<Y.AbstractType<unknown>>): void {
    if (item.content instanceof Y.ContentFormat) formatted.add(item.parent as Y.AbstractType<unknown>)
    const isGap = (other: Y.Item | null): other is Y.Item =>
      other !== null && !this.cost.isOver && (other.deleted || !other.countable || this.items.has(other))
    for (let right = item.right; isGap(right); right = right.right) this.cost.micros += perStep
    for (let left = item.left; isGap(left); left = left.left) this.cost.micros += perStep
  }
}

/** After a change of its marks Yjs goes through a whole text, and copies the attributes for each piece of content. */
function cleanUp(type: Y.AbstractType<unknown>, added: number, cost: Cost): void {
  const attributes = new Set<string>()
  for (let item = type._start; item && !cost.isOver; item = item.right) {
    cost.micros += perStep
    if (item.deleted) continue
    if (!(item.content instanceof Y.ContentFormat)) cost.micros += (attributes.size + added) * perAttribute
    else if (item.content.value === null) attributes.delete(item.content.key)
    else attributes.add(item.content.key)
  }
}

/** Who observes several changed types at once gets them in order of their paths, which are found by counting. */
function findPaths(changed: Set<Y.AbstractType<unknown>>, cost: Cost): void {
  if (changed.size < 2) return
  const lengths = new Map<Y.AbstractType<unknown>, number>()
  const lengthOf = (type: Y.AbstractType<unknown>): number => {
    let length = lengths.get(type) ?? 0
    if (lengths.has(type)) return length
    for (let item = type._start; item && !cost.isOver; item = item.right) {
      length++
      cost.micros += perStep
    }
    lengths.set(type, length)
    return length
  }
  for (const type of changed) {
    for (let item = type._item; item && !cost.isOver; item = (item.parent as Y.AbstractType<unknown>)._item) {
      if (item.parentSub === null) cost.micros += lengthOf(item.parent as Y.AbstractType<unknown>) * perStep
    }
  }
}
