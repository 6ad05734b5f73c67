import type { Connection, Document, TransactionOrigin } from '@hocuspocus/server'
import { equalityDeep } from 'lib0/function'

type State = Record<string, unknown>

/** What an awareness update says of one client; `state` is JSON. */
export type AwarenessEntry = { clientId: number; clock: number; state: Uint8Array }

/** The Yjs client that a connection speaks for, and what it last said: `clock` as the client itself counts. */
type Speaker = { clientId: number | null; clock: number; state: State | null }

const silent: Speaker = { clientId: null, clock: -1, state: null }

/** Whose Yjs clients are that have written. */
export type ClaimedClients = { isOfOthers(clientId: number, userId: string): boolean }

type Changes = Record<'added' | 'updated' | 'removed', number[]>

/** Clients that are remembered after they left, before the older ones of them are forgotten. */
const maxAbsent = 1_000
const absentMs = 10 * 60_000

/**
 * Which connection speaks for which Yjs client in a document's awareness. A Yjs client is its first user's for as long as
 * it is remembered. Of several connections of that user the newest that had something new to say speaks for it: so a
 * client that connects again is heard at once, and the end of its old connection does not remove it.
 */
class Speakers {
  private readonly document: Document
  private readonly byConnection = new WeakMap<Connection, Speaker>()
  private readonly speaking = new Map<number, Connection>()
  private readonly users = new Map<number, string>()

  constructor(document: Document) {
    this.document = document
    document.awareness.on('update', (changes: Changes, origin: TransactionOrigin | null | string) => {
      this.heard(changes, origin)
    })
  }

  clientOf(connection: Connection): number | null {
    return this.byConnection.get(connection)?.clientId ?? null
  }

  /**
   * Finds the client that a connection speaks for from now on. `taken` where it says something new of somebody else's.
   *
   * Providers first send their own state, at once when they are connected. That counts even where it is nothing new: a
   * client that connects again does not raise its clock. Later only news counts, for it may be the echo of another tab.
   */
  claim(
    connection: Connection,
    entries: AwarenessEntry[],
    claimed: ClaimedClients,
  ): AwarenessEntry | 'taken' | undefined {
    const isFirst = !this.byConnection.has(connection)
    const userId: string = connection.context.user.id
    if (isFirst) this.introduce(connection)
    const { meta, states } = this.document.awareness
    const isUnheard = ({ clientId, clock }: AwarenessEntry): boolean => clock > (meta.get(clientId)?.clock ?? -1)
    const isFree = ({ clientId }: AwarenessEntry): boolean =>
      (this.userOf(clientId) ?? userId) === userId && !claimed.isOfOthers(clientId, userId)
    const own = entries.find(
      (entry) => !isNull(entry.state) && isFree(entry) && (isUnheard(entry) || (isFirst && entries.length === 1)),
    )
    if (!own) return entries.some((entry) => isUnheard(entry) && !isFree(entry)) ? 'taken' : undefined
    this.byConnection.set(connection, { ...silent, clientId: own.clientId })
    this.users.set(own.clientId, userId)
    if (this.users.size > maxAbsent + 2 * states.size) this.forgetAbsent()
    return own
  }

  private introduce(connection: Connection): void {
    this.byConnection.set(connection, silent)
    connection.onClose(() => {
      const clientId = this.clientOf(connection)
      if (clientId !== null && this.speaking.get(clientId) === connection) this.speaking.delete(clientId)
    })
  }

  /** True where a connection has not said it before; of two that speak for one client, the others must not have either. */
  isNews(connection: Connection, { clientId, clock, state }: AwarenessEntry): boolean {
    const speaker = this.byConnection.get(connection)
    if (!speaker) return false
    const isCurrent = this.speaking.get(clientId) === connection
    // An old connection ends, not its client.
    if (isNull(state)) return isCurrent && clock >= speaker.clock
    if (isCurrent || speaker.clock < 0) return clock > speaker.clock
    return clock > (this.document.awareness.meta.get(clientId)?.clock ?? -1)
  }

  /** Shows a state to the others; null where the client leaves. */
  say(connection: Connection, clock: number, state: State | null): void {
    const speaker = this.byConnection.get(connection)
    if (!speaker || speaker.clientId === null) return
    const isSame = equalityDeep(speaker.state, state)
    speaker.clock = clock
    speaker.state = state
    this.holdOnly(connection, speaker.clientId)
    this.set(speaker.clientId, clock, state, isSame, { source: 'connection', connection })
  }

  /** The others compare clocks: what is said again by a client that had gone must have a higher one than its end. */
  private set(clientId: number, said: number, state: State | null, isSame: boolean, origin: TransactionOrigin): void {
    const { awareness } = this.document
    const known = awareness.meta.get(clientId)?.clock ?? 0
    const before = awareness.states.has(clientId)
    if (!state && !before) return
    if (state) awareness.states.set(clientId, state)
    else awareness.states.delete(clientId)
    awareness.meta.set(clientId, { clock: Math.max(said, state ? known + 1 : known), lastUpdated: Date.now() })
    const changes: Changes = { added: [], updated: [], removed: [] }
    changes[state ? (before ? 'updated' : 'added') : 'removed'].push(clientId)
    if (!before || !state || !isSame) awareness.emit('change', [changes, origin])
    awareness.emit('update', [changes, origin])
  }

  /** Hocuspocus removes a connection's clients when it ends. */
  private holdOnly(connection: Connection, clientId: number): void {
    const current = this.speaking.get(clientId)
    if (current === connection) return
    if (current) this.document.getClients(current).delete(clientId)
    this.speaking.set(clientId, connection)
    this.document.getClients(connection).add(clientId)
  }

  /** What changed without us: connections end, states expire, and clients come and go on other servers. */
  private heard({ added, updated, removed }: Changes, origin: TransactionOrigin | null | string): void {
    if (isFromConnection(origin)) return
    for (const clientId of [...added, ...updated]) {
      const user = this.document.awareness.states.get(clientId)?.['user']
      if (user?.id) this.users.set(clientId, user.id)
      this.release(clientId)
    }
    for (const clientId of removed) {
      const connection = this.speaking.get(clientId)
      const speaker = connection && this.byConnection.get(connection)
      if (!connection || origin === null || origin === 'timeout' || !speaker?.state) this.release(clientId)
      // Its old server is gone, but it is here.
      else this.set(clientId, 0, speaker.state, false, { source: 'connection', connection })
    }
  }

  private release(clientId: number): void {
    const connection = this.speaking.get(clientId)
    if (!connection) return
    this.speaking.delete(clientId)
    this.document.getClients(connection).delete(clientId)
  }

  /** Whose a Yjs client is, as far as awareness knows. */
  userOf(clientId: number): string | undefined {
    return this.users.get(clientId) ?? this.document.awareness.states.get(clientId)?.['user']?.id
  }

  private forgetAbsent(): void {
    const { meta, states } = this.document.awareness
    for (const clientId of this.users.keys()) {
      if (states.has(clientId) || Date.now() - (meta.get(clientId)?.lastUpdated ?? 0) < absentMs) continue
      this.users.delete(clientId)
      meta.delete(clientId)
    }
  }
}

const isFromConnection = (origin: TransactionOrigin | null | string): boolean =>
  typeof origin === 'object' && origin?.source === 'connection'

const isNull = (state: Uint8Array): boolean => state.byteLength === 4 && state[0] === 0x6e

const all = new WeakMap<Document, Speakers>()

/** Those of a document. */
export function speakersOf(document: Document): Speakers {
  let speakers = all.get(document)
  if (!speakers) {
    speakers = new Speakers(document)
    all.set(document, speakers)
  }
  return speakers
}
