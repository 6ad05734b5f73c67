import { randomInt } from 'node:crypto'
import type { Document, TransactionOrigin } from '@hocuspocus/server'
import { DocumentReader } from '@mdcreator/shared/markdown/reader'
import type { Steps } from '@mdcreator/shared/steps'
import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { speakersOf } from '../presence/speakers.ts'
import { eachOwner, server } from '../update-log/client-owners.ts'
import { LogPosition } from '../update-log/log-position.ts'
import { applyLogged, restOf } from '../update-log/logged-row.ts'
import type { Checkpoint } from '../update-log/storage.ts'
import type { StoredDocument, StoredUpdate } from '../update-log/stored-documents.ts'
import { WaitingUpdates } from '../update-log/waiting-updates.ts'
import { AcceptedEdits } from '../validation/accepted.ts'
import { trusted } from '../validation/inspected.ts'
import { type Verdict, validateUpdate } from '../validation/update-validator.ts'
import { clocksIn, syncStepTwo } from '../wire/frame.ts'
import { Opening } from './opening.ts'
import { bytesPerStruct, StructCount } from './struct-count.ts'

/** The transaction origin of what others wrote. Hocuspocus broadcasts it, and plans no store. */
export const fromElsewhere: TransactionOrigin = { source: 'redis' }
/** The same of what was written here and is in the log: there is nothing to store any more. */
const fromHere: TransactionOrigin = { source: 'local', skipStoreHooks: true }

/** What this server knows of a loaded document besides its content. */
export class LiveDocument {
  readonly document: Document
  readonly accepted: AcceptedEdits
  /** The highest id of a log row that is applied. */
  clock: number
  /** Which rows of the log are applied. */
  readonly position: LogPosition
  /** The Yjs client of this server's own changes: one for as long as the document is loaded, or its state would grow. */
  writerId: number
  /** Who made the last edit. */
  lastEditor: string | null = null
  /** The size of the last checkpoint. */
  stateBytes: number
  /** Writes from the API, one after the other. */
  private writes: Promise<unknown> = Promise.resolve()
  private readonly reader: DocumentReader
  private readonly structs: StructCount
  readonly waitingUpdates: WaitingUpdates
  /** Those that are on their way to the log, by what ends them. */
  private edits = new Set<() => void>()
  /** Of these. */
  bytesOnTheWay = 0
  private isLarge = false
  private readonly opening: Opening
  private readonly waiting = new Set<(ended: () => void) => void>()

  constructor(document: Document, stored: StoredDocument) {
    this.document = document
    this.accepted = new AcceptedEdits((client) => speakersOf(document).userOf(client))
    this.reader = new DocumentReader(document)
    this.opening = new Opening(document)
    this.structs = new StructCount(document)
    this.waitingUpdates = new WaitingUpdates(document, fromElsewhere)
    this.clock = stored.clock
    this.stateBytes = stored.state?.byteLength ?? 0
    this.position = new LogPosition(stored.epoch, stored.snapshot)
    this.writerId = this.newWriter()
  }

  get id(): string {
    return this.document.name
  }

  /** How large the document is in the database, in bytes. */
  get bytes(): number {
    return this.stateBytes + this.position.bytes
  }

  /** True once when the document comes near the size that it may have, until it is smaller again. */
  grewLarge(maxBytes: number): boolean {
    const wasLarge = this.isLarge
    this.isLarge = this.weight > maxBytes * 0.8
    return this.isLarge && !wasLarge
  }

  /** The document in the editor's schema; costs in the order of what changed since the last call. */
  read(): Node {
    return this.reader.read()
  }

  /** What `read` does, block by block: it then finds it done. */
  reading(): Steps<void> {
    return this.reader.reading()
  }

  /** As how large the document counts. */
  get weight(): number {
    return Math.max(this.bytes, this.structs.value * bytesPerStruct)
  }

  /** An edit of so many bytes was accepted and is on its way to the log. To be called once it is applied, or given up. */
  begun(bytes: number): () => void {
    this.bytesOnTheWay += bytes
    const ended = (): void => {
      this.edits.delete(ended)
      this.bytesOnTheWay -= bytes
      if (this.edits.size === 0) {
        this.edits = new Set()
        this.accepted.settle()
      }
      for (const wait of this.waiting) wait(ended)
    }
    this.edits.add(ended)
    return ended
  }

  /** True while an edit is on its way to the log. */
  get isBeingEdited(): boolean {
    return this.edits.size > 0
  }

  /** Resolves once the edits that are on their way to the log are applied, or given up. */
  edited(): Promise<void> {
    const left = new Set(this.edits)
    if (left.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const wait = (ended: () => void): void => {
        left.delete(ended)
        if (left.size > 0) return
        this.waiting.delete(wait)
        resolve()
      }
      this.waiting.add(wait)
    })
  }

  /** The sync step 1: what the document has. */
  stepOne(address: string): Uint8Array {
    return this.opening.stepOne(address)
  }

  /**
   * The sync step 2 for a client with this state vector.
   * @throws Error where it is none
   */
  stepTwo(address: string, stateVector: Uint8Array): Uint8Array {
    const clocks = clocksIn(this.document, stateVector)
    if (clocks.size === 0) return this.opening.stepTwo(address)
    return syncStepTwo(address, Y.encodeStateAsUpdate(this.document, Y.encodeStateVector(clocks)))
  }

  /** Called at each change. */
  changed(): void {
    this.opening.forget()
  }

  /** Resolves once every edit so far is applied or given up, and every write from the API has ended. */
  async settled(): Promise<void> {
    await this.edited()
    await this.writes
  }

  /** Applies what is stored, in one transaction. A row that Yjs cannot apply is passed over: the others still count. */
  applyStored(
    { state, owners, tail, clock, epoch, snapshot }: StoredDocument,
    onError: (error: unknown) => void,
  ): void {
    const { document } = this
    const isFirst = document.store.clients.size === 0
    for (const [owner, clients] of Object.entries(owners)) {
      for (const client of clients) this.accepted.claim(client, owner)
    }
    document.transact(() => {
      if (state) Y.applyUpdate(document, state)
      for (const row of tail) {
        try {
          applyLogged(document, row.data)
          this.claim(row)
        } catch (error) {
          onError(error)
        }
      }
      this.waitingUpdates.giveBack()
    }, fromElsewhere)
    this.position.loaded(epoch, snapshot)
    for (const { id, data } of tail) this.position.add(id, data.byteLength)
    this.clock = Math.max(this.clock, clock)
    if (state) this.stateBytes = state.byteLength
    this.waitingUpdates.putAside()
    if (state && isFirst && tail.length === 0 && this.waitingUpdates.isEmpty) this.opening.keep(state)
  }

  /**
   * Applies a row that another server logged, and told us or that was read from the log. `gap` where it builds on a row that
   * is not here yet: the log has that one, or will have it in a moment.
   */
  applyRow(row: StoredUpdate, from: 'server' | 'log'): 'applied' | 'gap' | 'malformed' {
    if (this.position.has(row.id)) return 'applied'
    let { data } = row
    let verdict = this.judgeRow(data)
    if (verdict === 'gap') {
      data = restOf(data, this.document)
      verdict = this.judgeRow(data)
    }
    if (verdict === 'gap') return 'gap'
    if (from === 'server') {
      if (verdict === 'malformed') return 'malformed'
      // It may be late, and folded: what is still in the log is found there.
      if (verdict === 'known') return 'applied'
    }
    // Two servers may have accepted what one would not have: what is in the log is part of the document all the same.
    try {
      applyLogged(this.document, data, fromElsewhere)
    } catch {
      return 'malformed'
    }
    this.waitingUpdates.putAside()
    this.claim(row)
    this.logged(row.id, row.data.byteLength, row.userId)
    return 'applied'
  }

  private judgeRow(data: Uint8Array): Verdict {
    return validateUpdate(data, this.document, new AcceptedEdits(), server, { inspected: trusted })
  }

  private claim(row: StoredUpdate): void {
    eachOwner(row, (client, owner) => this.accepted.claim(client, owner))
  }

  /** Applies what is in the log already. */
  apply(update: Uint8Array): void {
    if (this.document.isDestroyed) return
    Y.applyUpdate(this.document, update, fromHere)
    // It may build on an edit that was given up, or be what others wait for.
    this.waitingUpdates.putAside()
    this.waitingUpdates.apply()
  }

  /** Counts a row of the log that is applied now. */
  logged(id: number, bytes: number, userId: string | null): void {
    this.clock = Math.max(this.clock, id)
    this.lastEditor = userId
    this.position.add(id, bytes)
  }

  /** After a checkpoint. False where only loading it can tell what it holds. */
  checkpointed({ epoch, ids, bytes }: Checkpoint): boolean {
    if (!this.position.checkpointed(epoch, ids)) return false
    this.stateBytes = bytes
    return true
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
