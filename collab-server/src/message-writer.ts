import type { Duplex } from 'node:stream'

/** Larger ones are not worth a copy: their header goes before them. */
const maxCopiedBytes = 1_024
/** The first byte of a whole binary message: FIN, opcode 2. */
const finalBinary = 0x82

/** The last message and its frame: what goes to everybody in a document is the same bytes for each. */
let last: { message: Uint8Array; frame: Buffer } = { message: new Uint8Array(), frame: Buffer.alloc(0) }
/** Those that have something to write. */
let corked: MessageWriter[] = []

/**
 * Sends binary messages on the socket below a WebSocket (without compression). A message to many is framed once, and what
 * one turn of the event loop sends to somebody goes out in one write: writes to sockets are most of what this server does.
 * They wait for the immediates of the turn, so that an acknowledgement goes with the broadcast of its edit.
 */
export class MessageWriter {
  private readonly socket: Duplex
  private isCorked = false

  constructor(socket: Duplex) {
    this.socket = socket
  }

  send(message: Uint8Array): void {
    this.cork()
    if (message.byteLength <= maxCopiedBytes) this.socket.write(frameOf(message))
    else {
      this.socket.write(headerOf(message.byteLength))
      this.socket.write(message)
    }
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
export function writeCorked(): void {
  const writers = corked
  corked = []
  for (const writer of writers) writer.flush()
}
