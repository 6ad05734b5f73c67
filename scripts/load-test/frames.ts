import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

// The frames of the Hocuspocus protocol, as a provider of version 4.7 writes and reads them. Not taken from our server's
// code: what reads a frame wrongly there must not read it as wrongly here.

export const FrameType = { Sync: 0, Awareness: 1, Auth: 2, Close: 7, SyncStatus: 8 } as const
export const SyncType = { Step1: 0, Step2: 1, Update: 2 } as const
export const AuthType = { Token: 0, Denied: 1, Authenticated: 2 } as const

export function tokenFrame(name: string, token: string): Uint8Array {
  return frame(name, FrameType.Auth, (encoder) => {
    encoding.writeVarUint(encoder, AuthType.Token)
    encoding.writeVarString(encoder, token)
    encoding.writeVarString(encoder, '4.7.0')
  })
}

/** `payload` is a state vector in step 1, and an update otherwise. */
export function syncFrame(name: string, type: number, payload: Uint8Array): Uint8Array {
  return frame(name, FrameType.Sync, (encoder) => {
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint8Array(encoder, payload)
  })
}

/** One client's awareness state, in JSON (y-protocols/awareness). */
export function awarenessFrame(name: string, clientId: number, clock: number, state: string): Uint8Array {
  return frame(name, FrameType.Awareness, (encoder) => {
    const update = encoding.encode((inner) => {
      encoding.writeVarUint(inner, 1)
      encoding.writeVarUint(inner, clientId)
      encoding.writeVarUint(inner, clock)
      encoding.writeVarString(inner, state)
    })
    encoding.writeVarUint8Array(encoder, update)
  })
}

function frame(name: string, type: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, name)
    encoding.writeVarUint(encoder, type)
    write(encoder)
  })
}

/** A decoder that stands behind the name, at the frame's type. */
export function openFrame(data: Uint8Array): decoding.Decoder {
  const decoder = decoding.createDecoder(data)
  skip(decoder)
  return decoder
}

/** Calls `each` with every client's id and clock; the states are not looked at. */
export function readAwareness(decoder: decoding.Decoder, each: (clientId: number, clock: number) => void): void {
  decoding.readVarUint(decoder)
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    each(decoding.readVarUint(decoder), decoding.readVarUint(decoder))
    skip(decoder)
  }
}

/** Passes over a string or an array of bytes. */
function skip(decoder: decoding.Decoder): void {
  const length = decoding.readVarUint(decoder)
  decoder.pos += length
}
