import { randomInt } from 'node:crypto'
import type { Document } from '@hocuspocus/server'
import { DocumentReader } from '@mdcreator/shared/markdown/reader'
import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import type { AcceptedClocks } from './update-validator.ts'

/** Yjs draws its client ids from 32 bits too. Not the document's own, which Yjs changes when an update bears it. */
const newClientId = (): number => randomInt(2 ** 32)

/** What this server knows of a loaded document besides its content. */
export class LiveDocument {
  readonly document: Document
  readonly accepted: AcceptedClocks = new Map()
  /** The id of the last log row that is applied. */
  clock: number
  /** The Yjs client of this server's own changes: one for as long as the document is loaded, or its state would grow. */
  writerId = newClientId()
  /** Who made the last edit. */
  lastEditor: string | null = null
  /** The log's rows and bytes since the last checkpoint, as far as this server has seen. */
  tail = { rows: 0, bytes: 0 }
  /** The size of the last checkpoint. */
  stateBytes: number
  /** Writes from the API, one after the other. */
  private writes: Promise<unknown> = Promise.resolve()
  private readonly reader: DocumentReader
  private readonly appends = new Set<Promise<number>>()

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

  /** Remembers an append that is on its way, so that the document is not unloaded before it is applied. */
  store(append: Promise<number>): Promise<number> {
    this.appends.add(append)
    const done = (): void => {
      this.appends.delete(append)
    }
    append.then(done, () => {
      done()
      this.accepted.clear()
    })
    return append
  }

  /** Resolves once every append so far is applied or given up, and every write from the API has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.appends, this.writes])
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
      this.writerId = newClientId()
      throw error
    }
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
