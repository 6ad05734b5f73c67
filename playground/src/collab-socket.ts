import { HocuspocusProviderWebsocket, MessageType } from '@hocuspocus/provider'
import { address } from './http.ts'

/** The reason of a close that we made ourselves, to connect anew. */
export const RECONNECTING = 'reconnecting'

/**
 * The page's one WebSocket. The stock class queues what is sent while it is closed and lets edits overtake the token;
 * here nothing leaves before the token of its document, and nothing is queued: the handshake after every connect carries
 * all that the server lacks. So each edit is acknowledged once, and `unsyncedChanges` reaches 0 only when all is stored.
 */
export class CollabSocket extends HocuspocusProviderWebsocket {
  readonly #signedIn = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    const url = address('collab')
    url.protocol = url.protocol.replace('http', 'ws')
    super({ url: url.href, autoConnect: false, delay: 500, minDelay: 500, maxDelay: 5000 })
    this.on('close', () => this.#signedIn.clear())
    addEventListener('online', () => this.wake())
  }

  override send(message: Uint8Array): void {
    if (this.webSocket?.readyState !== WebSocket.OPEN) return
    const { name, type } = readHead(message)
    if (type === MessageType.Auth) this.#signedIn.add(name)
    if (name === '' || this.#signedIn.has(name)) this.webSocket.send(message as Uint8Array<ArrayBuffer>)
  }

  /** Connects, unless there is a connection or a pause is on. */
  open(): void {
    if (!this.shouldConnect && this.#timer === undefined) void this.connect()
  }

  /** Ends the connection until {@link open}. */
  rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.disconnect()
  }

  reconnectIn(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.shouldConnect = false
    if (this.webSocket) this.emit('close', { event: { code: 1000, reason: RECONNECTING } })
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.connect()
    }, milliseconds)
  }

  /** Does not wait out the pause before the next attempt. */
  wake(): void {
    if (this.status === 'disconnected' && this.shouldConnect) void this.connect()
  }
}

/** The document and the type of a frame; a connection-level frame (one byte) has no name. */
function readHead(message: Uint8Array): { name: string; type: number } {
  const length = message[0] ?? 0
  if (message.length === 1) return { name: '', type: length }
  return { name: new TextDecoder().decode(message.subarray(1, 1 + length)), type: message[1 + length] ?? -1 }
}
