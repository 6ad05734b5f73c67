import * as Y from 'yjs'
import type { AcceptedEdits } from './accepted.ts'

export type Decoded = ReturnType<typeof Y.decodeUpdate>
type Struct = Decoded['structs'][number]
export type Problem = 'malformed' | 'gap'

/** Yjs writes clocks as unsigned 32-bit integers in places; beyond this two updates can overflow each other. */
export const maxClock = 2 ** 31 - 1
/** Yjs deletes and collects nested types by recursion, and JSON is written by recursion: the stack ends at some thousands. */
const maxTypeDepth = 500
const maxJsonDepth = 100

/** What an update would bring, found on the way through its structs. */
export type Outcome = {
  /** The Yjs clients of which it has something that is not applied yet. */
  authors: Set<number>
  /** Per Yjs client, the struct that comes last of all known. */
  last: Map<number, Struct>
  /** How deep its deepest item is nested. */
  depth: number
}

/** Goes through the structs of an update in the order in which Yjs can integrate them, or says why it cannot. */
export function checkStructs(structs: Struct[], doc: Y.Doc, accepted: AcceptedEdits): Outcome | Problem {
  const queues = new Map<number, Struct[]>()
  for (const struct of structs) {
    const problem = checkAlone(struct)
    if (problem) return problem
    const queue = queues.get(struct.id.client)
    if (queue) queue.push(struct)
    else queues.set(struct.id.client, [struct])
  }
  const integration = new Integration(queues, doc, accepted)
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
  /** In how many types each item of the update lies, by its first id and its last. */
  private readonly levels = new Map<string, number>()
  private readonly doc: Y.Doc
  private readonly accepted: AcceptedEdits
  readonly outcome: Outcome

  constructor(queues: Map<number, Struct[]>, doc: Y.Doc, accepted: AcceptedEdits) {
    this.queues = queues
    this.doc = doc
    this.accepted = accepted
    this.outcome = { authors: new Set(), last: new Map(), depth: accepted.depth }
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
    while (waiting.length > 0) {
      const current = waiting.at(-1) as number
      const struct = this.queues.get(current)?.[this.next.get(current) ?? 0]
      if (!struct) {
        waiting.pop()
        continue
      }
      const missing = this.missing(struct)
      if (missing === null) {
        const problem = this.integrate(struct)
        if (problem) return problem
      } else if (waiting.includes(missing)) return 'malformed'
      else if (!this.hasMore(missing)) return 'gap'
      else waiting.push(missing)
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
    if (clock > known) return 'gap'
    const end = clock + struct.length
    if (clock < known && end > known && !(struct instanceof Y.GC) && this.endsWithGc(client)) return 'gap'
    if (struct instanceof Y.Item) {
      const parent = struct.parent instanceof Y.ID ? struct.parent : null
      for (const own of [struct.origin, struct.rightOrigin, parent]) {
        if (own?.client === client && own.clock >= clock) return 'malformed'
      }
      if (!this.nest(struct)) return 'malformed'
    }
    this.clocks.set(client, Math.max(known, end))
    if (end >= known) this.outcome.last.set(client, struct)
    if (end > Y.getState(this.doc.store, client)) this.outcome.authors.add(client)
    this.next.set(client, (this.next.get(client) ?? 0) + 1)
    return null
  }

  private endsWithGc(client: number): boolean {
    const last = this.outcome.last.get(client)
    return last ? last instanceof Y.GC : this.accepted.endsWithGc(this.doc, client)
  }

  /** Notes how deep an item lies; false where a type lies too deep. */
  private nest(item: Y.Item): boolean {
    const { client, clock } = item.id
    const level = this.levelOf(item)
    this.levels.set(`${client}:${clock}`, level)
    this.levels.set(`${client}:${clock + item.length - 1}`, level)
    this.outcome.depth = Math.max(this.outcome.depth, level)
    return !(item.content instanceof Y.ContentType) || level < maxTypeDepth
  }

  private levelOf({ parent, origin, rightOrigin }: Y.Item): number {
    if (parent instanceof Y.ID) return this.levelAt(parent) + 1
    // An item that names no parent has that of the item beside it.
    const beside = parent === null ? (origin ?? rightOrigin) : null
    return beside ? this.levelAt(beside) : 0
  }

  /** Of what is on its way still, only the greatest depth is known. */
  private levelAt(id: Y.ID): number {
    return this.levels.get(`${id.client}:${id.clock}`) ?? levelInDocument(this.doc, id) ?? this.outcome.depth
  }
}

/** In how many types an item of the document lies; null where it is not there. */
function levelInDocument(doc: Y.Doc, id: Y.ID): number | null {
  const structs = doc.store.clients.get(id.client)
  if (!structs || id.clock >= Y.getState(doc.store, id.client)) return null
  const item = structs[Y.findIndexSS(structs, id.clock)]
  let level = 0
  let type = item instanceof Y.Item ? item.parent : null
  while (type instanceof Y.AbstractType && type._item && level <= maxTypeDepth) {
    level++
    type = type._item.parent
  }
  return level
}
