import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** What is read behind the end: the client's farewell, but not a flood. */
const maxUnheededBytes = 64 * 1024
/** How long a client that sends more has to hear why it was closed. */
const unheededMs = 2_000

/**
 * To be called once a socket is being closed by us. ws would read on until the client agrees, and throw away all that comes,
 * which may be without end: what is read is garbage, and everybody waits for its collection.
 */
export function readLittleMore(ws: WebSocket, socket: Duplex): void {
  let left = maxUnheededBytes
  const count = ({ byteLength }: Buffer): void => {
    left -= byteLength
    if (left > 0) return
    socket.off('data', count)
    ws.pause()
    const timer = setTimeout(() => ws.terminate(), unheededMs)
    ws.on('close', () => clearTimeout(timer))
  }
  socket.on('data', count)
}
