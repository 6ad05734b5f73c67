import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'

/** Larger ones are not worth a copy: their header goes before them. */
const maxCopiedBytes = 1_024
/** So much for one socket is copied together, which costs less than the list that a socket keeps of several. */
const maxJoinedBytes = 4_096
/** The first byte of a whole binary message: FIN, opcode 2. */
const finalBinary = 0x82

/** The last message and its frame: what goes to everybody in a document is the same bytes for each. */
let last: { message: Uint8Array; frame: Buffer } = { message: new Uint8Array(), frame: Buffer.alloc(0) }
/** Those that have something to write. */
let waiting: MessageWriter[] = []
const none: Uint8Array[] = []

/**
 * Sends binary messages on the socket below a WebSocket (without compression). A message to many is framed once, and what
 * one turn of the event loop sends to somebody goes out in one write: writes to sockets are most of what this server does.
 * They wait for the immediates of the turn, so that an acknowledgement goes with the broadcast of its edit.
 */
export class MessageWriter {
  private readonly ws: WebSocket
  private readonly socket: Duplex
  /** Mostly it is one frame: there is no list of it. */
  private first: Uint8Array | null = null
  private rest = none
  private bytes = 0

  /** `socket` is the one below the WebSocket. */
  constructor(ws: WebSocket, socket: Duplex) {
    this.ws = ws
    this.socket = socket
  }

  /** Bytes that are not written yet. */
  get pendingBytes(): number {
    return this.bytes
  }

  send(message: Uint8Array): void {
    if (message.byteLength <= maxCopiedBytes) this.add(frameOf(message))
    else {
      this.add(headerOf(message.byteLength))
      this.add(message)
    }
  }

  /** Writes what was sent since the last call; must precede a close. Behind one that the other side began nothing may go. */
  flush(): void {
    const { first, rest, bytes } = this
    if (!first) return
    this.first = null
    this.rest = none
    this.bytes = 0
    if (this.ws.readyState !== WebSocket.OPEN || !this.socket.writable) return
    if (rest === none) this.socket.write(first)
    else if (bytes <= maxJoinedBytes) this.socket.write(Buffer.concat([first, ...rest], bytes))
    else {
      this.socket.cork()
      this.socket.write(first)
      for (const part of rest) this.socket.write(part)
      this.socket.uncork()
    }
  }

  private add(part: Uint8Array): void {
    this.bytes += part.byteLength
    if (!this.first) {
      this.first = part
      if (waiting.length === 0) setImmediate(writeWaiting)
      waiting.push(this)
    } else if (this.rest === none) this.rest = [part]
    else this.rest.push(part)
  }
}

/** A message from a server, in one frame and unmasked (RFC 6455, section 5.2). */
function frameOf(message: Uint8Array): Buffer {
  if (last.message === message) return last.frame
  const start = headerLength(message.byteLength)
  const frame = Buffer.allocUnsafe(start + message.byteLength)
  writeHeader(frame, message.byteLength)
  frame.set(message, start)
  last = { message, frame }
  return frame
}

/** The header of such a frame alone. */
function headerOf(length: number): Buffer {
  const header = Buffer.allocUnsafe(headerLength(length))
  writeHeader(header, length)
  return header
}

const headerLength = (length: number): number => (length < 126 ? 2 : length <= 65_535 ? 4 : 10)

function writeHeader(frame: Buffer, length: number): void {
  frame[0] = finalBinary
  if (length < 126) frame[1] = length
  else if (length <= 65_535) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
}

/** Writes what has been sent so far, now. */
export function writeWaiting(): void {
  const writers = waiting
  waiting = []
  for (const writer of writers) writer.flush()
}
