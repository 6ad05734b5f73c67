import * as Y from 'yjs'
import type { AcceptedEdits } from './accepted.ts'
import { type ItemPlace, ItemPlaces, placeInDocument } from './item-places.ts'
import { areNeighbours } from './neighbours.ts'
import { continuesKnown } from './overlap.ts'

export type Decoded = ReturnType<typeof Y.decodeUpdate>
type Struct = Decoded['structs'][number]
/**
 * `early` overlaps or lies beside what is on its way: what that is shows once it is applied. `unclear` only shows when it
 * is tried.
 */
export type Problem = 'malformed' | 'gap' | 'early' | 'unclear'

/** Yjs writes clocks as unsigned 32-bit integers in places; beyond this two updates can overflow each other. */
export const maxClock = 2 ** 31 - 1
/** Yjs deletes and collects nested types by recursion, and JSON is written by recursion: the stack ends at some thousands. */
const maxTypeDepth = 500
export const maxJsonDepth = 100
/** Editors have one root type or a few. Nothing of a root type can ever be deleted from a document. */
const maxRoots = 100
const maxRootName = 100
/** The root types that our own editors use: no others can take their place. */
const ownRoots = new Set(['default', 'mindmap'])

/** What an update would bring, found on the way through its structs. */
export type Outcome = {
  /** The Yjs clients of which it has something that is not applied yet. */
  authors: Set<number>
  /** Per Yjs client, the struct that comes last of all known. */
  last: Map<number, Struct>
  /** Where its items lie. */
  places: ItemPlaces
  /** The names of root types that the document does not have. */
  roots: Set<string>
}

/**
 * Goes through the structs of an update in the order in which Yjs can integrate them, or says why it cannot.
 *
 * @param isTried true where it was tried whether its items lie where everybody else will have them
 */
export function checkStructs(
  { structs, ds }: Decoded,
  doc: Y.Doc,
  accepted: AcceptedEdits,
  isTried: boolean,
): Outcome | Problem {
  const queues = new Map<number, Struct[]>()
  for (const struct of structs) {
    const problem = checkAlone(struct)
    if (problem) return problem
    const queue = queues.get(struct.id.client)
    if (queue) queue.push(struct)
    else queues.set(struct.id.client, [struct])
  }
  const integration = new Integration(queues, ds, doc, accepted, isTried)
  return integration.run() ?? integration.outcome
}

function checkAlone(struct: Struct): Problem | null {
  const { client, clock } = struct.id
  if (!Number.isSafeInteger(client) || struct instanceof Y.Skip || !(struct.length > 0)) return 'malformed'
  if (clock + struct.length > maxClock) return 'malformed'
  if (!(struct instanceof Y.Item)) return null
  const { content } = struct
  // A document within a document would need permissions of its own.
  if (content instanceof Y.ContentDoc) return 'malformed'
  const values =
    content instanceof Y.ContentEmbed
      ? [content.embed]
      : content instanceof Y.ContentFormat
        ? [content.value]
        : jsonOf(content)
  return values.every((value) => isShallow(value, maxJsonDepth)) ? null : 'malformed'
}

const jsonOf = (content: Y.Item['content']): unknown[] =>
  content instanceof Y.ContentAny || content instanceof Y.ContentJSON ? content.arr : []

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1))
}

/** The order of integration, as Yjs finds it: a struct waits for its origins and its parent, a circle waits for ever. */
class Integration {
  private readonly queues: Map<number, Struct[]>
  private readonly next = new Map<number, number>()
  private readonly clocks = new Map<number, number>()
  private readonly deletes: Decoded['ds']
  private readonly doc: Y.Doc
  private readonly accepted: AcceptedEdits
  private readonly isTried: boolean
  readonly outcome: Outcome = { authors: new Set(), last: new Map(), places: new ItemPlaces(), roots: new Set() }

  constructor(
    queues: Map<number, Struct[]>,
    deletes: Decoded['ds'],
    doc: Y.Doc,
    accepted: AcceptedEdits,
    isTried: boolean,
  ) {
    this.queues = queues
    this.deletes = deletes
    this.doc = doc
    this.accepted = accepted
    this.isTried = isTried
  }

  run(): Problem | null {
    for (const client of this.queues.keys()) {
      const problem = this.integrateAll(client)
      if (problem) return problem
    }
    return null
  }

  private integrateAll(client: number): Problem | null {
    const waiting = [client]
    const isWaiting = new Set(waiting)
    while (waiting.length > 0) {
      const current = waiting.at(-1) as number
      const struct = this.queues.get(current)?.[this.next.get(current) ?? 0]
      if (!struct) {
        waiting.pop()
        isWaiting.delete(current)
        continue
      }
      // Else two that wait for each other here, but not where the rest is, would pass for a circle.
      if (struct.id.clock > this.clockOf(current)) return 'gap'
      const missing = this.missing(struct)
      if (missing === null) {
        const problem = this.integrate(struct)
        if (problem) return problem
      } else if (isWaiting.has(missing)) return 'malformed'
      else if (!this.hasMore(missing)) return 'gap'
      else {
        waiting.push(missing)
        isWaiting.add(missing)
      }
    }
    return null
  }

  private hasMore(client: number): boolean {
    return (this.next.get(client) ?? 0) < (this.queues.get(client)?.length ?? 0)
  }

  private clockOf(client: number): number {
    return this.clocks.get(client) ?? this.accepted.clockOf(this.doc, client)
  }

  /** The Yjs client of which something must come first, or null. */
  private missing(struct: Struct): number | null {
    if (!(struct instanceof Y.Item)) return null
    const parent = struct.parent instanceof Y.ID ? struct.parent : null
    for (const target of [struct.origin, struct.rightOrigin, parent]) {
      if (target && target.client !== struct.id.client && target.clock >= this.clockOf(target.client))
        return target.client
    }
    return null
  }

  private integrate(struct: Struct): Problem | null {
    const { client, clock } = struct.id
    const known = this.clockOf(client)
    const end = clock + struct.length
    if (clock < known && end > known && !(struct instanceof Y.GC)) {
      if (this.endsWithGc(client)) return 'gap'
      if (known > Y.getState(this.doc.store, client)) return 'early'
      if (!(struct instanceof Y.Item) || !continuesKnown(struct, this.doc)) return 'gap'
    }
    if (struct instanceof Y.Item) {
      const parent = struct.parent instanceof Y.ID ? struct.parent : null
      for (const own of [struct.origin, struct.rightOrigin, parent]) {
        if (own?.client === client && own.clock >= clock) return 'malformed'
      }
      const problem = this.mayHaveRoot(struct.parent) ? this.put(struct, known) : 'malformed'
      if (problem) return problem
    }
    this.clocks.set(client, Math.max(known, end))
    if (end >= known) this.outcome.last.set(client, struct)
    if (end > Y.getState(this.doc.store, client)) this.outcome.authors.add(client)
    this.next.set(client, (this.next.get(client) ?? 0) + 1)
    return null
  }

  /** In an update the parent of an item in a root type is that type's name. */
  private mayHaveRoot(parent: unknown): boolean {
    if (typeof parent !== 'string' || ownRoots.has(parent) || this.doc.share.has(parent)) return true
    const { roots } = this.outcome
    if (parent.length > maxRootName) return false
    if (!this.accepted.roots.has(parent)) roots.add(parent)
    return roots.size === 0 || rootsOf(this.doc, this.accepted) + roots.size <= maxRoots
  }

  private endsWithGc(client: number): boolean {
    const last = this.outcome.last.get(client)
    return last ? last instanceof Y.GC : this.accepted.endsWithGc(this.doc, client)
  }

  /** Notes where an item lies, of which the clocks up to `known` are there already, and says why it may not. */
  private put(item: Y.Item, known: number): Problem | null {
    const place = this.placeOf(item)
    if (item.content instanceof Y.ContentType && place.level >= maxTypeDepth) return 'malformed'
    if (place.isKeyed && this.canLeaveRest(item)) return 'malformed'
    const isChecked = this.isTried || item.id.clock < known
    const neighbours = isChecked ? 'right' : areNeighbours(item, this.doc, (id) => this.onTheWay(id))
    if (neighbours === 'wrong') return 'malformed'
    if (neighbours === 'unclear') return this.isBesideAccepted(item) ? 'early' : 'unclear'
    if (neighbours === 'right') this.outcome.places.add(item, place)
    return null
  }

  private isBesideAccepted({ origin, rightOrigin }: Y.Item): boolean {
    return [origin, rightOrigin].some((id) => id && !this.outcome.places.at(id) && this.accepted.places.at(id))
  }

  private onTheWay(id: Y.ID) {
    return this.outcome.places.at(id) ?? this.accepted.places.at(id)
  }

  /**
   * The value of a key has length 1. Of a longer one that is split Yjs forgets the first part: it is never deleted, and
   * throws when its map is, at each load. Editors that do not collect what they deleted have longer ones of deleted values.
   */
  private canLeaveRest({ id: { client, clock }, length, content }: Y.Item): boolean {
    if (length === 1 || content instanceof Y.ContentDeleted) return false
    const ranges = this.deletes.clients.get(client) ?? []
    return !ranges.some((range) => range.clock <= clock && range.clock + range.len >= clock + length)
  }

  private placeOf({ parent, parentSub, origin, rightOrigin }: Y.Item): ItemPlace {
    if (parent instanceof Y.ID) return { level: (this.placeAt(parent)?.level ?? 0) + 1, isKeyed: parentSub !== null }
    // An item that names no parent has that of the item beside it.
    const beside = parent === null ? (origin ?? rightOrigin) : null
    return (beside && this.placeAt(beside)) ?? { level: 0, isKeyed: parentSub !== null }
  }

  private placeAt(id: Y.ID): ItemPlace | null {
    return this.onTheWay(id) ?? placeInDocument(this.doc, id, maxTypeDepth)
  }
}

function rootsOf(doc: Y.Doc, accepted: AcceptedEdits): number {
  let count = doc.share.size
  for (const name of accepted.roots) if (!doc.share.has(name)) count++
  return count
}
