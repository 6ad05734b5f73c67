import { seededRandom } from '@mdcreator/shared/random'
import * as Y from 'yjs'
import { type ClientObserver, LoadClient } from './client.ts'
import type { RecordedTimes, Recording } from './recording.ts'
import { Rehearsal } from './rehearsal.ts'
import { fingerprint } from './replica.ts'
import { Typist, writeParagraphs } from './typist.ts'

export type GroupOptions = { urls: string[]; documentId: string; tokens: string[]; seed: number }

/** So many in each document read what the others write; the others only write, which leaves the machine to the server. */
const attentive = 1

/** Something that was sent and that some of the others have not seen yet. */
type OnItsWay = { from: LoadClient; clock: number; sentAt: number; missing: Set<LoadClient> }

/** The people in one document, each on a socket of its own, spread over the servers at `urls`. */
export class Group implements ClientObserver {
  private readonly options: GroupOptions
  private readonly random: () => number
  private clients: LoadClient[] = []
  private typists: Typist[] = []
  private rehearsals: (Rehearsal | undefined)[] = []
  private edits: OnItsWay[] = []
  private cursors: OnItsWay[] = []
  private lastUpdate: { update: Uint8Array; clocks: Map<number, number> } | null = null
  recording: Recording | null = null

  constructor(options: GroupOptions) {
    this.options = options
    this.random = seededRandom(options.seed)
  }

  get size(): number {
    return this.options.tokens.length
  }

  /** Resolves once that person has the document. */
  async connect(person: number): Promise<void> {
    const client = this.open(person)
    this.clients[person] = client
    this.typists[person] = new Typist(client, this.random, person)
    await client.synced
  }

  /** Gives each person a paragraph to begin with. */
  prepare(): void {
    const [first] = this.clients as [LoadClient]
    this.send(first, () => first.edit((document) => writeParagraphs(document, this.size)))
  }

  /** Puts content into the document. */
  write(state: Uint8Array): void {
    this.clients[0]?.edit((document) => Y.applyUpdate(document, state))
  }

  /** Puts it before everybody's eyes. Those who only write know then what they will do: so many edits each. */
  begin(edits: number): void {
    const { seed } = this.options
    for (const client of this.clients) void client.document
    this.rehearsals = this.clients.map(({ document, clientId }, person) => {
      const random = seededRandom(seed * 1_000 + person)
      return person < attentive
        ? undefined
        : new Rehearsal(document, { clientId, random, paragraph: person, ahead: edits })
    })
  }

  edit(person: number): void {
    const client = this.clients[person] as LoadClient
    const rehearsal = this.rehearsals[person]
    if (rehearsal) {
      const { update, clock } = rehearsal.take()
      this.send(client, () => client.sendEdit(update), clock)
    } else this.send(client, () => this.typists[person]?.edit())
  }

  moveCursor(person: number): void {
    const client = this.clients[person] as LoadClient
    const caret = this.rehearsals[person]?.caret ?? JSON.stringify(this.typists[person]?.cursor())
    const sentAt = performance.now()
    const clock = client.sendAwareness(caret)
    this.cursors.push({ from: client, clock, sentAt, missing: this.others(client) })
  }

  /** True once every edit and cursor has reached everybody and every edit is acknowledged. */
  get isQuiet(): boolean {
    return this.edits.length + this.cursors.length === 0 && this.clients.every((client) => client.isAcknowledged)
  }

  /** Edits that somebody has not got. */
  get lost(): number {
    return this.edits.reduce((sum, { missing }) => sum + missing.size, 0)
  }

  get failures(): string[] {
    return this.clients.flatMap(({ failure }) => failure ?? [])
  }

  /** One for each different replica; somebody who comes only now has one too. One in all means: they are equal. */
  async fingerprints(): Promise<string[]> {
    const late = this.open(0)
    await late.synced
    const all = [...this.clients, late].map(({ document }) => fingerprint(document))
    await late.close()
    return [...new Set(all)]
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()))
  }

  arrived(client: LoadClient, update: Uint8Array): void {
    const clocks = this.clocksOf(update)
    this.edits = this.edits.filter((edit) => {
      const clock = clocks.get(edit.from.clientId)
      if (clock !== undefined && clock >= edit.clock && edit.missing.delete(client)) {
        this.record('propagation', edit.sentAt)
        if (client.url !== edit.from.url) this.record('propagationAcross', edit.sentAt)
      }
      return edit.missing.size > 0
    })
  }

  cursorSeen(client: LoadClient, from: number, clock: number): void {
    this.cursors = this.cursors.filter((cursor) => {
      if (cursor.from.clientId === from && clock >= cursor.clock && cursor.missing.delete(client)) {
        this.record('cursors', cursor.sentAt)
      }
      return cursor.missing.size > 0
    })
  }

  acknowledged(sentAt: number): void {
    this.record('acknowledgements', sentAt)
  }

  /** Up to which clocks an update reaches, by client. Everybody gets the same update: it is read once. */
  private clocksOf(update: Uint8Array): Map<number, number> {
    if (!this.lastUpdate || Buffer.compare(this.lastUpdate.update, update) !== 0) {
      this.lastUpdate = { update, clocks: Y.parseUpdateMeta(update).to }
    }
    return this.lastUpdate.clocks
  }

  private open(person: number): LoadClient {
    const { urls, documentId, tokens } = this.options
    return new LoadClient({
      url: urls[person % urls.length] as string,
      documentId,
      token: tokens[person] as string,
      clientId: Math.floor(this.random() * 2 ** 32),
      isAttentive: person < attentive,
      observer: this,
    })
  }

  /** `clock` is that of the change, where the client's replica does not show it yet. */
  private send(client: LoadClient, change: () => void, clock?: number): void {
    const sentAt = performance.now()
    change()
    if (this.recording) this.recording.edits++
    this.edits.push({ from: client, clock: clock ?? client.clock, sentAt, missing: this.others(client) })
  }

  private others(client: LoadClient): Set<LoadClient> {
    return new Set(this.clients.filter((other) => other !== client))
  }

  private record(what: RecordedTimes, sentAt: number): void {
    if (this.recording && sentAt >= this.recording.since) this.recording[what].push(performance.now() - sentAt)
  }
}
