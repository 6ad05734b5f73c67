import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** Larger ones are not worth a copy, and have another header. */
const maxFramedBytes = 65_535
/** The first byte of a whole binary message: FIN, opcode 2. */
const finalBinary = 0x82

/** The last message and its frame: what goes to everybody in a document is the same bytes for each. */
let last: { message: Uint8Array; frame: Buffer } = { message: new Uint8Array(), frame: Buffer.alloc(0) }
/** Those that have something to write. */
let corked: MessageWriter[] = []

/**
 * Sends binary messages on a ws WebSocket (without compression). A message to many is framed once, and what one turn of the
 * event loop sends to somebody goes out in one write: writes to sockets are most of what this server does. They wait for
 * the immediates of the turn, so that an acknowledgement goes with the broadcast of its edit.
 */
export class MessageWriter {
  private readonly ws: WebSocket
  private readonly socket: Duplex
  private isCorked = false

  /** `socket` is the one below `ws`. */
  constructor(ws: WebSocket, socket: Duplex) {
    this.ws = ws
    this.socket = socket
  }

  send(message: Uint8Array): void {
    this.cork()
    if (message.byteLength > maxFramedBytes) this.ws.send(message)
    else this.socket.write(frameOf(message))
  }

  /** Writes what was sent since the last call. */
  flush(): void {
    this.isCorked = false
    this.socket.uncork()
  }

  private cork(): void {
    if (this.isCorked) return
    this.isCorked = true
    if (corked.length === 0) setImmediate(writeCorked)
    corked.push(this)
    this.socket.cork()
  }
}

/** A message from a server, in one frame and unmasked (RFC 6455, section 5.2). */
function frameOf(message: Uint8Array): Buffer {
  if (last.message === message) return last.frame
  const length = message.byteLength
  const isShort = length < 126
  const frame = Buffer.allocUnsafe((isShort ? 2 : 4) + length)
  frame[0] = finalBinary
  frame[1] = isShort ? length : 126
  if (!isShort) frame.writeUInt16BE(length, 2)
  frame.set(message, isShort ? 2 : 4)
  last = { message, frame }
  return frame
}

/** Writes what has been sent so far, now. */
export function writeCorked(): void {
  const writers = corked
  corked = []
  for (const writer of writers) writer.flush()
}
