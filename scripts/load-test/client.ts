import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import {
  AuthType,
  awarenessFrame,
  FrameType,
  openFrame,
  readAwareness,
  SyncType,
  syncFrame,
  tokenFrame,
} from './frames.ts'
import { PackedUpdates } from './packed-updates.ts'

export type ClientOptions = {
  url: string
  documentId: string
  token: string
  /** Of Yjs. */
  clientId: number
  /** False for somebody who writes without reading: what arrives is applied when the replicas are compared. */
  isAttentive: boolean
  observer: ClientObserver
}

/** What a client tells of. Times are those of `performance.now()`. */
export type ClientObserver = {
  arrived(client: LoadClient, update: Uint8Array): void
  /** The server has said that an edit sent at that time is applied (with ours: stored). */
  acknowledged(sentAt: number): void
  cursorSeen(client: LoadClient, from: number, clock: number): void
}

/**
 * A client with a replica of one document, and no more around it: a thousand of them fit into one process. What arrives
 * is noted at once but applied only when somebody asks for the document, so that the server is what is measured.
 */
export class LoadClient {
  private readonly replica = new Y.Doc()
  private readonly options: ClientOptions
  private readonly socket: WebSocket
  private readonly syncing = Promise.withResolvers<void>()
  /** When what is not acknowledged yet was sent; null for what is no edit. Acknowledgements come in order. */
  private readonly unacknowledged: (number | null)[] = []
  private readonly arrived = new PackedUpdates()
  private awarenessClock = 0
  private closing = false
  /** Why the client is of no use any more, or null. */
  failure: string | null = null

  constructor(options: ClientOptions) {
    this.options = options
    this.replica.clientID = options.clientId
    // A mask of zeros, which ws need not apply.
    this.socket = new WebSocket(options.url, { perMessageDeflate: false, generateMask: () => {} })
    this.socket.on('open', () => this.introduce())
    this.socket.on('message', (data: Buffer) => this.receive(data))
    this.socket.on('error', (error) => this.fail(error.message))
    this.socket.on('close', (code, reason) => this.fail(`closed with ${code} ${reason}`))
    this.syncing.promise.catch(() => {})
  }

  /** Resolves once the replica has all that the server had; rejects where the server refuses. */
  get synced(): Promise<void> {
    return this.syncing.promise
  }

  get clientId(): number {
    return this.options.clientId
  }

  get url(): string {
    return this.options.url
  }

  get isAcknowledged(): boolean {
    return this.unacknowledged.length === 0
  }

  /** The replica, with everything that has arrived. */
  get document(): Y.Doc {
    if (this.arrived.count > 0) {
      this.replica.transact(() => {
        for (const update of this.arrived.takeAll()) Y.applyUpdate(this.replica, update)
      })
    }
    return this.replica
  }

  /** What this person has before their eyes. */
  get view(): Y.Doc {
    return this.options.isAttentive ? this.document : this.replica
  }

  /** The clock up to which this client has made edits. */
  get clock(): number {
    return Y.getState(this.replica.store, this.clientId)
  }

  /** Changes the replica and sends the change. */
  edit(change: (document: Y.Doc) => void): void {
    const send = (update: Uint8Array): void => this.sendUpdate(update)
    const document = this.view
    // Only now: Yjs would encode every update that is received, too, for somebody who listens.
    document.on('update', send)
    document.transact(() => change(document))
    document.off('update', send)
  }

  /** Sends an edit that was worked out before; the replica gets it when somebody asks for the document. */
  sendEdit(update: Uint8Array): void {
    // Yjs would take it for another client's that bears our id.
    this.replica.clientID = 0
    this.arrived.push(update)
    this.sendUpdate(update)
  }

  /** Publishes an awareness state, in JSON; returns its clock. */
  sendAwareness(state: string): number {
    const clock = ++this.awarenessClock
    this.socket.send(awarenessFrame(this.options.documentId, this.clientId, clock, state))
    return clock
  }

  /** Resolves once the socket is closed. */
  async close(): Promise<void> {
    this.closing = true
    if (this.socket.readyState !== WebSocket.CLOSED) {
      const closed = new Promise((resolve) => this.socket.once('close', resolve))
      this.socket.close()
      await closed
    }
    this.replica.destroy()
  }

  private sendUpdate(update: Uint8Array): void {
    this.unacknowledged.push(performance.now())
    this.socket.send(syncFrame(this.options.documentId, SyncType.Update, update))
  }

  private introduce(): void {
    const { documentId, token } = this.options
    this.socket.send(tokenFrame(documentId, token))
    this.socket.send(syncFrame(documentId, SyncType.Step1, Y.encodeStateVector(this.replica)))
  }

  private receive(data: Uint8Array): void {
    const decoder = openFrame(data)
    switch (decoding.readVarUint(decoder)) {
      case FrameType.Sync:
        this.receiveSync(decoding.readVarUint(decoder), decoding.readVarUint8Array(decoder))
        break
      case FrameType.Awareness:
        readAwareness(decoder, (from, clock) => this.options.observer.cursorSeen(this, from, clock))
        break
      case FrameType.SyncStatus:
        this.receiveStatus(decoding.readVarUint(decoder) === 1)
        break
      case FrameType.Auth:
        if (decoding.readVarUint(decoder) === AuthType.Denied) this.fail(`denied: ${decoding.readVarString(decoder)}`)
        break
      case FrameType.Close:
        this.fail(`the document was closed: ${decoding.readVarString(decoder)}`)
    }
  }

  private receiveSync(type: number, payload: Uint8Array): void {
    if (type === SyncType.Step1) {
      this.unacknowledged.push(null)
      const missing = Y.encodeStateAsUpdate(this.document, payload)
      this.socket.send(syncFrame(this.options.documentId, SyncType.Step2, missing))
      return
    }
    this.arrived.push(payload)
    if (type === SyncType.Step2) this.syncing.resolve()
    else this.options.observer.arrived(this, payload)
  }

  private receiveStatus(applied: boolean): void {
    const sentAt = this.unacknowledged.shift()
    if (!applied) this.fail('an edit was not applied')
    else if (sentAt === undefined) this.fail('an acknowledgement for nothing')
    else if (sentAt !== null) this.options.observer.acknowledged(sentAt)
  }

  private fail(reason: string): void {
    if (this.closing) return
    this.failure ??= reason
    this.syncing.reject(new Error(reason))
  }
}
