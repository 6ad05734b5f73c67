import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { isTokenFrame } from '../wire/frame.ts'
import { MessageWriter } from '../wire/message-writer.ts'
import type { Place } from './admission.ts'
import { readLittleMore } from './unheeded.ts'

/** What a client's socket looks like to us, whatever protocol it speaks: part of ws's WebSocket, and its sign-in. */
export interface ClientTransport {
  readonly readyState: number
  readonly bufferedAmount: number
  readonly isPaused: boolean
  onMessage(listener: (data: Buffer, isBinary: boolean) => void): void
  /** A ping, or a pong: nothing for us to do. */
  onControl(listener: () => void): void
  onClose(listener: (code: number, reason: string) => void): void
  send(data: Uint8Array): void
  close(code?: number, reason?: string): void
  terminate(): void
  pause(): void
  resume(): void
  /** A document is open. */
  signedIn(): void
  /** A token was bad. */
  signInFailed(): void
  /** A document was refused, for whatever reason: what is behind its token may be that of another. */
  tokenRefused(): void
}

/** `socket` is the one below the WebSocket. */
type Options = { place: Place; maxFrameBytes: number; socket: Duplex }

/** The largest frame before a token has come. */
export const maxFirstFrameBytes = 64 * 1024
/** The largest frame right behind a token: a state vector has some 8 bytes for each Yjs client that ever wrote. */
const maxSecondFrameBytes = 1024 * 1024

/**
 * The transport of the Hocuspocus protocol. Until a token has come, frames must be small; while it is checked, nothing is
 * read, so that whoever has not signed in can make us hold little; then they may have `maxFrameBytes`.
 */
export class WebSocketTransport implements ClientTransport {
  protected readonly ws: WebSocket
  private readonly options: Options
  private readonly writer: MessageWriter
  private phase: 'silent' | 'checking' | 'signed-in' = 'silent'
  private isPausedByOwner = false

  constructor(ws: WebSocket, options: Options) {
    this.ws = ws
    this.writer = new MessageWriter(ws, options.socket)
    this.options = options
  }

  get readyState(): number {
    return this.ws.readyState
  }

  get bufferedAmount(): number {
    return this.ws.bufferedAmount + this.writer.pendingBytes
  }

  get isPaused(): boolean {
    return this.isPausedByOwner
  }

  onMessage(listener: (data: Buffer, isBinary: boolean) => void): void {
    this.ws.on('message', (data: Buffer, isBinary) => {
      if (this.phase === 'silent' && isBinary && isTokenFrame(data)) this.check()
      listener(data, isBinary)
    })
  }

  onControl(listener: () => void): void {
    this.ws.on('ping', listener)
    this.ws.on('pong', listener)
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.ws.on('close', (code, reason) => listener(code, String(reason)))
  }

  send(data: Uint8Array): void {
    this.writer.send(data)
  }

  close(code?: number, reason?: string): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    this.writer.flush()
    this.ws.close(code, reason)
    readLittleMore(this.ws, this.options.socket)
    if (this.phase === 'checking') this.allowFrames(maxFirstFrameBytes)
    // Or the other side's answer would never be read.
    this.ws.resume()
  }

  terminate(): void {
    this.ws.terminate()
  }

  pause(): void {
    this.isPausedByOwner = true
    this.ws.pause()
  }

  resume(): void {
    this.isPausedByOwner = false
    if (this.phase !== 'checking') this.ws.resume()
  }

  signedIn(): void {
    this.phase = 'signed-in'
    this.allowFrames(this.options.maxFrameBytes)
    this.options.place.signedIn()
    if (!this.isPausedByOwner) this.ws.resume()
  }

  signInFailed(): void {
    this.options.place.signInFailed()
  }

  tokenRefused(): void {
    if (this.phase !== 'checking') return
    this.phase = 'silent'
    if (!this.isPausedByOwner) this.ws.resume()
  }

  /** A token has come. */
  protected check(): void {
    this.phase = 'checking'
    this.ws.pause()
    this.allowFrames(maxSecondFrameBytes)
  }

  /** ws has one limit for a whole server, kept by each socket's receiver: there is no other way to change it later. */
  private allowFrames(maxBytes: number): void {
    const { _receiver } = this.ws as unknown as { _receiver: { _maxPayload: number } }
    _receiver._maxPayload = Math.min(maxBytes, this.options.maxFrameBytes)
  }
}
