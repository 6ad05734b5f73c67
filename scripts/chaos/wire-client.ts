import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { FrameType, openFrame, SyncType, syncFrame, tokenFrame } from '../load-test/frames.ts'
import { type Edit, Ledger } from './ledger.ts'

export type WireClientOptions = {
  /** Of the servers, the first of which is tried first. */
  urls: string[]
  documentId: string
  token: string
  onAcknowledged?: (edit: Edit) => void
}

/** As long as HocuspocusProvider waits for a message. */
const silentMs = 30_000

/**
 * One replica of a document that speaks the Hocuspocus protocol, keeps its own account of what is acknowledged, and goes
 * to the next server when its own breaks, as behind a load balancer.
 */
export class WireClient {
  readonly document = new Y.Doc()
  readonly ledger: Ledger
  /** The codes with which servers closed its sockets. */
  readonly closes: number[] = []
  private readonly options: WireClientOptions
  private socket: WebSocket | null = null
  private turn = 0
  private isSynced = false
  private isDestroyed = false
  private timer: NodeJS.Timeout | undefined

  constructor(options: WireClientOptions) {
    this.options = options
    this.ledger = new Ledger(options.onAcknowledged ?? (() => {}))
    this.connect()
  }

  /** Both sides have what the other had. */
  get isSettled(): boolean {
    return this.isSynced && this.ledger.unacknowledged.size === 0
  }

  /** Changes the replica, and sends the change where there is a socket. */
  edit({ kind, word }: Pick<Edit, 'kind' | 'word'>, change: () => void): void {
    const send = (update: Uint8Array): void => {
      const edit = { kind, word, at: performance.now(), ...this.placeOf(kind, update) }
      this.ledger.made(edit)
      if (this.socket?.readyState !== WebSocket.OPEN) return
      this.ledger.sent([edit])
      this.socket.send(syncFrame(this.options.documentId, SyncType.Update, update))
    }
    this.document.on('update', send)
    this.document.transact(change)
    this.document.off('update', send)
  }

  /** The Yjs client, and the clock after what was written or deleted. */
  private placeOf(kind: Edit['kind'], update: Uint8Array): Pick<Edit, 'client' | 'clock'> {
    const { clientID: client, store } = this.document
    const [deleted] = kind === 'delete' ? Y.decodeUpdate(update).ds.clients : []
    const range = deleted?.[1].at(-1)
    return deleted && range
      ? { client: deleted[0], clock: range.clock + range.len }
      : { client, clock: Y.getState(store, client) }
  }

  /** Nothing is sent any more, and nothing that comes has an effect: as if the computer had lost its power. */
  destroy(): void {
    this.isDestroyed = true
    clearTimeout(this.timer)
    this.socket?.terminate()
  }

  private connect(): void {
    const { urls } = this.options
    const socket = new WebSocket(urls[this.turn++ % urls.length] as string, {
      perMessageDeflate: false,
      handshakeTimeout: 3_000,
    })
    this.socket = socket
    socket.on('open', () => {
      socket.send(tokenFrame(this.options.documentId, this.options.token))
      socket.send(syncFrame(this.options.documentId, SyncType.Step1, Y.encodeStateVector(this.document)))
    })
    socket.on('message', (data: Buffer) => {
      if (this.isDestroyed) return
      this.watch(socket)
      this.receive(socket, data)
    })
    socket.on('error', () => {})
    socket.on('close', (code) => this.lost(code))
    this.watch(socket)
  }

  private lost(code: number): void {
    if (this.isDestroyed) return
    this.closes.push(code)
    this.isSynced = false
    this.ledger.reset()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.connect(), 50 + Math.random() * 200)
  }

  private watch(socket: WebSocket): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => socket.terminate(), silentMs)
  }

  private receive(socket: WebSocket, data: Uint8Array): void {
    const decoder = openFrame(data)
    switch (decoding.readVarUint(decoder)) {
      case FrameType.Sync:
        this.receiveSync(socket, decoding.readVarUint(decoder), decoding.readVarUint8Array(decoder))
        break
      case FrameType.SyncStatus:
        if (!this.ledger.answered(decoding.readVarUint(decoder) === 1)) throw new Error('An answer to nothing')
        if (this.isSynced && this.ledger.isInDoubt) this.sendMissing(socket, Uint8Array.from([0]))
        break
      case FrameType.Close:
        socket.close()
    }
  }

  private receiveSync(socket: WebSocket, type: number, payload: Uint8Array): void {
    if (type === SyncType.Step1) {
      this.sendMissing(socket, payload)
      return
    }
    Y.applyUpdate(this.document, payload, this)
    if (type === SyncType.Step2) this.isSynced = true
  }

  /** Sends what a server with this state vector lacks. Its answer holds for everything that is not acknowledged. */
  private sendMissing(socket: WebSocket, stateVector: Uint8Array): void {
    this.ledger.sent(this.ledger.unacknowledged)
    const missing = Y.encodeStateAsUpdate(this.document, stateVector)
    socket.send(syncFrame(this.options.documentId, SyncType.Step2, missing))
  }
}
