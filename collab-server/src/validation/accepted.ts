import * as Y from 'yjs'
import { TokenBucket } from '../token-bucket.ts'
import { ItemPlaces } from './item-places.ts'

type Ahead = { clock: number; endsWithGc: boolean }
/** Structs on their way: applied once the document is at that clock. */
type Flight = { client: number; clock: number; pieces: number }

/** What one user may cost a document in a while: much more than a person who writes, and less than anybody notices. */
class Allowance {
  /** Microseconds of work for Yjs: a tenth of the time. */
  readonly micros = new TokenBucket(100_000, 400_000)
  /** New Yjs clients: each makes every later edit of the document a little slower, for ever. */
  readonly clients = new TokenBucket(0.1, 2_000)
}

/**
 * What a document was promised besides what is applied: the edits on their way to the log; and whose Yjs clients are
 * whose. A Yjs client id is its user's from the first edit on: if others could use it, their edits and its own would share
 * clocks, and one of the two would be taken for known and lost.
 */
export class AcceptedEdits {
  private ahead = new Map<number, Ahead>()
  private readonly owners = new Map<number, string>()
  private readonly speakerOf: (client: number) => string | undefined
  private readonly allowances = new Map<string, Allowance>()
  private flights: Flight[] = []
  private flying = 0
  /** The names of the root types of what was accepted. */
  readonly roots = new Set<string>()
  /** Where the items on their way lie. */
  readonly places = new ItemPlaces()
  /** How many structs were accepted so far. */
  pieces = 0

  /** `speakerOf` tells who speaks for a Yjs client in awareness: it is theirs before its first edit. */
  constructor(speakerOf: (client: number) => string | undefined = () => undefined) {
    this.speakerOf = speakerOf
  }

  /** The first clock that is neither applied nor on its way, for one Yjs client. */
  clockOf(doc: Y.Doc, client: number): number {
    return Math.max(Y.getState(doc.store, client), this.ahead.get(client)?.clock ?? 0)
  }

  /** True where what comes before that clock is a GC struct: an item cannot be laid over its end. */
  endsWithGc(doc: Y.Doc, client: number): boolean {
    const ahead = this.ahead.get(client)
    if (ahead && ahead.clock > Y.getState(doc.store, client)) return ahead.endsWithGc
    return doc.store.clients.get(client)?.at(-1) instanceof Y.GC
  }

  accept(client: number, ahead: Ahead): void {
    this.ahead.set(client, ahead)
  }

  /** Structs that were accepted at once; `ends` are the clocks of their Yjs clients after them. */
  depart(pieces: number, ends: Iterable<readonly [client: number, clock: number]>): void {
    this.pieces += pieces
    let rest = pieces
    for (const [client, clock] of ends) {
      this.flights.push({ client, clock, pieces: rest })
      this.flying += rest
      rest = 0
    }
  }

  /** How many structs are accepted but not applied, at most. */
  inFlight(doc: Y.Doc): number {
    let landed = 0
    for (const { client, clock, pieces } of this.flights) {
      if (Y.getState(doc.store, client) < clock) break
      this.flying -= pieces
      landed++
    }
    if (landed > 0) this.flights.splice(0, landed)
    return this.flying
  }

  /** What a user may still cost this document without an inspection. */
  allowanceOf(userId: string): Allowance {
    const allowance = this.allowances.get(userId) ?? new Allowance()
    this.allowances.set(userId, allowance)
    return allowance
  }

  /**
   * Called when nothing is on its way any more.
   *
   * A new Map, for V8 keeps the table of one that is cleared, and with it what was in it: each table is reachable from the
   * one before, and once an old one is promoted, all that follow are, until the next full collection.
   */
  settle(): void {
    this.ahead = new Map()
    this.flights = []
    this.flying = 0
    this.places.clear()
  }

  /** A Yjs client has written, and belongs to that user (or the server itself) from now on, where it has no owner yet. */
  claim(client: number, userId: string): void {
    if (!this.owners.has(client)) this.owners.set(client, userId)
  }

  isOwned(client: number): boolean {
    return this.owners.has(client)
  }

  /** True where the user may write with the Yjs client. */
  isFree(client: number, userId: string): boolean {
    return (this.owners.get(client) ?? this.speakerOf(client) ?? userId) === userId
  }

  /** True where somebody else has written with the Yjs client. */
  isOfOthers(client: number, userId: string): boolean {
    return (this.owners.get(client) ?? userId) !== userId
  }
}
