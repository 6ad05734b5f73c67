import { randomInt } from 'node:crypto'
import type { Document } from '@hocuspocus/server'
import { DocumentReader } from '@mdcreator/shared/markdown/reader'
import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import type { StoredDocument } from './storage.ts'

/** Owns the Yjs clients that the server itself writes as: no user may use them. */
export const server = 'server'

/** What this server knows of a loaded document besides its content. */
export class LiveDocument {
  readonly document: Document
  readonly accepted = new AcceptedEdits()
  /** The id of the last log row that is applied. */
  clock: number
  /** The Yjs client of this server's own changes: one for as long as the document is loaded, or its state would grow. */
  writerId = this.newWriter()
  /** Who made the last edit. */
  lastEditor: string | null = null
  /** The log's rows and bytes since the last checkpoint, as far as this server has seen. */
  tail = { rows: 0, bytes: 0 }
  /** The size of the last checkpoint. */
  stateBytes: number
  /** Writes from the API, one after the other. */
  private writes: Promise<unknown> = Promise.resolve()
  private readonly reader: DocumentReader
  private onTheirWay = 0
  private readonly waiting: (() => void)[] = []

  constructor(
    document: Document,
    stored: { clock: number; stateBytes: number; tail: { rows: number; bytes: number } },
  ) {
    this.document = document
    this.reader = new DocumentReader(document)
    this.clock = stored.clock
    this.stateBytes = stored.stateBytes
    this.tail = stored.tail
  }

  get id(): string {
    return this.document.name
  }

  /** The document in the editor's schema; costs in the order of what changed since the last call. */
  read(): Node {
    return this.reader.read()
  }

  /** An edit was accepted and is on its way to the log; `ended` follows once it is applied, or given up. */
  begun(): void {
    this.onTheirWay++
  }

  ended(): void {
    this.onTheirWay--
    if (this.onTheirWay > 0) return
    this.accepted.settle()
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Resolves once every edit so far is applied or given up, and every write from the API has ended. */
  async settled(): Promise<void> {
    if (this.onTheirWay > 0) await new Promise<void>((resolve) => this.waiting.push(resolve))
    await this.writes
  }

  /** Applies what is stored, in one transaction. A row that Yjs cannot apply is passed over: the others still count. */
  applyStored({ state, tail }: StoredDocument, onError: (error: unknown) => void): void {
    const { document } = this
    document.transact(() => {
      if (state) Y.applyUpdate(document, state)
      for (const { data, userId, origin } of tail) {
        try {
          Y.applyUpdate(document, data)
          const owner = (origin === 'client' && userId) || server
          for (const client of Y.parseUpdateMeta(data).from.keys()) this.accepted.claim(client, owner)
        } catch (error) {
          onError(error)
        }
      }
    })
    // What waits for an edit that was never acknowledged stays in the rows. Offered to clients it would come back from
    // them as a gap, again and again; whoever has the missing edit has this one too.
    document.store.pendingStructs = null
    document.store.pendingDs = null
  }

  /** Applies an update that is in the log already. */
  apply(update: Uint8Array, context: unknown): void {
    if (!this.document.isDestroyed) Y.applyUpdate(this.document, update, { source: 'local', context })
  }

  /** Counts a row of the log that is applied now. */
  logged(id: number, bytes: number, userId: string | null): void {
    this.clock = Math.max(this.clock, id)
    this.lastEditor = userId
    this.tail.rows++
    this.tail.bytes += bytes
  }

  /** After a checkpoint that held the tail as it was `before`. */
  checkpointed(before: { rows: number; bytes: number }, stateBytes: number): void {
    this.stateBytes = stateBytes
    this.tail = { rows: this.tail.rows - before.rows, bytes: this.tail.bytes - before.bytes }
  }

  /**
   * Runs the commit of a change by `writerId`. Where it is unclear whether it was stored, the next change comes from
   * another client: two changes must never share their clocks.
   */
  async writing<T>(commit: () => Promise<T>): Promise<T> {
    try {
      return await commit()
    } catch (error) {
      this.writerId = this.newWriter()
      throw error
    }
  }

  /** Yjs draws its client ids from 32 bits too. Not the document's own, which Yjs changes when an update bears it. */
  private newWriter(): number {
    const id = randomInt(2 ** 32)
    this.accepted.claim(id, server)
    return id
  }

  /** Runs `write` once all earlier ones have ended. */
  serialize<T>(write: () => Promise<T>): Promise<T> {
    const result = this.writes.then(write)
    this.writes = result.catch(() => {})
    return result
  }
}

/** The loaded documents. Keyed by object: while a document is unloaded, another of its name may be loading. */
export class LiveDocuments {
  private readonly byDocument = new WeakMap<Document, LiveDocument>()
  private readonly all = new Set<LiveDocument>()

  add(live: LiveDocument): void {
    this.byDocument.set(live.document, live)
    this.all.add(live)
  }

  of(document: Document): LiveDocument | undefined {
    return this.byDocument.get(document)
  }

  remove(live: LiveDocument): void {
    this.all.delete(live)
  }

  [Symbol.iterator](): IterableIterator<LiveDocument> {
    return this.all.values()
  }
}
