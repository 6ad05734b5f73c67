import { randomBytes } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import * as decoding from 'lib0/decoding'
import { FrameType, SyncType, syncFrame, tokenFrame } from './frames.ts'
import { headerLength, maskedFrame, payloadLength } from './websocket-frames.ts'

export type StormClientOptions = { url: string; documentId: string; token: string; expectedBytes: number }

/** More than the servers send beside the document: the answer to the upgrade, that the token is good, and their step 1. */
const besideBytes = 4 * 1024
const emptyUpdate = Uint8Array.of(0, 0)
const emptyStateVector = Uint8Array.of(0)
const endOfHead = Buffer.from('\r\n\r\n')
/** What all sockets read into: each takes out what it got before the next one reads. */
const reading = Buffer.alloc(64 * 1024)

/**
 * Opens one document, as a provider in a browser does: upgrade, its answer awaited, then token and sync step 1; a step 1 of
 * the server is answered. All that is sent is made beforehand and what comes is only kept, with no WebSocket and no Y.Doc
 * around it: a thousand of these at once leave the server the machine.
 */
export class StormClient {
  private readonly options: StormClientOptions
  private readonly upgrade: Buffer
  private readonly introduction: Buffer
  private readonly answer: Buffer
  private readonly synced = Promise.withResolvers<number>()
  private socket: Socket | undefined
  private kept: Buffer
  private length = 0
  /** Where the next frame begins; 0 before the upgrade is answered. */
  private frameAt = 0
  private stepTwo: { from: number; to: number } | null = null

  constructor(options: StormClientOptions) {
    const { url, documentId, token, expectedBytes } = options
    this.options = options
    const { host, pathname } = new URL(url)
    const key = randomBytes(16).toString('base64')
    this.upgrade = Buffer.from(
      `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    )
    this.introduction = Buffer.concat([
      maskedFrame(tokenFrame(documentId, token)),
      maskedFrame(syncFrame(documentId, SyncType.Step1, emptyStateVector)),
    ])
    this.answer = maskedFrame(syncFrame(documentId, SyncType.Step2, emptyUpdate))
    // Filled, so that its pages are there.
    this.kept = Buffer.alloc(expectedBytes + besideBytes, 1)
  }

  /** Resolves to the time (of `performance.now()`) at which the last byte of sync step 2 was here. */
  connect(): Promise<number> {
    const { hostname: host, port } = new URL(this.options.url)
    const onread = {
      buffer: reading,
      callback: (bytes: number): boolean => {
        this.receive(bytes)
        return true
      },
    }
    const socket = createConnection({ host, port: Number(port), noDelay: true, onread })
    socket.on('error', (error) => this.synced.reject(error))
    socket.on('close', () => this.synced.reject(new Error(`closed: ${this.kept.toString('latin1', 0, this.length)}`)))
    socket.write(this.upgrade)
    this.socket = socket
    return this.synced.promise
  }

  /** The document as it came, as an update. */
  get received(): Uint8Array {
    if (!this.stepTwo) throw new Error('No document has come')
    return decoding.readVarUint8Array(decoding.createDecoder(this.kept.subarray(this.stepTwo.from, this.stepTwo.to)))
  }

  close(): void {
    this.socket?.destroy()
  }

  private receive(bytes: number): void {
    // What comes behind the document is of no interest here.
    if (this.stepTwo && this.length >= this.stepTwo.to) return
    if (this.length + bytes > this.kept.length) this.kept = Buffer.concat([this.kept], 2 * (this.length + bytes))
    reading.copy(this.kept, this.length, 0, bytes)
    this.length += bytes
    if (this.frameAt === 0) this.awaitUpgrade()
    if (this.frameAt > 0) this.readFrames()
  }

  private awaitUpgrade(): void {
    const end = this.kept.subarray(0, this.length).indexOf(endOfHead)
    if (end === -1) return
    const status = this.kept.toString('latin1', 0, 12)
    if (status !== 'HTTP/1.1 101') this.synced.reject(new Error(`The upgrade was answered with ${status}`))
    this.frameAt = end + endOfHead.length
    this.socket?.write(this.introduction)
  }

  private readFrames(): void {
    const typeOffset = 1 + this.options.documentId.length
    while (!this.stepTwo) {
      const header = headerLength(this.kept, this.frameAt)
      const typeAt = this.frameAt + header + typeOffset
      if (this.length < typeAt + 2) return
      const end = this.frameAt + header + payloadLength(this.kept, this.frameAt)
      if (this.kept[typeAt] === FrameType.Sync && this.kept[typeAt + 1] === SyncType.Step1) {
        this.socket?.write(this.answer)
      } else if (this.kept[typeAt] === FrameType.Sync && this.kept[typeAt + 1] === SyncType.Step2) {
        this.stepTwo = { from: typeAt + 2, to: end }
      }
      this.frameAt = end
    }
    if (this.length >= this.stepTwo.to) this.synced.resolve(performance.now())
  }
}
