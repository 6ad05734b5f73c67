import { randomBytes } from 'node:crypto'

// What storms need of the WebSocket protocol (RFC 6455, section 5.2), without a library around it.

/** A binary message of a client, in one frame: masked, as it must be. */
export function maskedFrame(payload: Uint8Array): Buffer {
  const { byteLength } = payload
  if (byteLength > 0xffff) throw new RangeError('The message is too long')
  const length = byteLength < 126 ? [0x80 | byteLength] : [0x80 | 126, byteLength >> 8, byteLength & 0xff]
  const mask = randomBytes(4)
  const masked = payload.map((byte, i) => byte ^ (mask[i & 3] as number))
  return Buffer.concat([Uint8Array.of(0x82, ...length), mask, masked])
}

/** How long the header of a server's frame is that begins at `at`, and whose second byte is there. */
export function headerLength(data: Buffer, at: number): number {
  const length = data[at + 1] as number
  return length < 126 ? 2 : length === 126 ? 4 : 10
}

/** The whole header must be there. */
export function payloadLength(data: Buffer, at: number): number {
  const length = data[at + 1] as number
  return length < 126 ? length : length === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2))
}
