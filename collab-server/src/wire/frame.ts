import { OutgoingMessage } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

/** The message types of the Hocuspocus protocol that we look at. */
export const MessageType = {
  Sync: 0,
  Awareness: 1,
  Auth: 2,
  QueryAwareness: 3,
  SyncReply: 4,
  Stateless: 5,
  Close: 7,
  Pong: 10,
} as const

const fromClients = new Set<number>([
  MessageType.Sync,
  MessageType.Awareness,
  MessageType.Auth,
  MessageType.QueryAwareness,
  MessageType.SyncReply,
  MessageType.Stateless,
  MessageType.Close,
])

/** The three kinds of sync message (y-protocols/sync). */
export const SyncType = { Step1: 0, Step2: 1, Update: 2 } as const

/** A name, or a name and a session. */
const addressForm = /^[^\0]{1,64}(?:\0[^\0]{1,64})?$/

export type Frame = {
  /** What the frame is addressed with: the document's name, and where the provider uses sessions, `\0` and its session. */
  address: string
  documentName: string
  type: number
  /** The Yjs update that a sync step 2 or an update carries. */
  update: Uint8Array | null
  /** True for a sync step 2: all that the client has and we had not when we asked. */
  isStepTwo: boolean
  /** The state vector of a sync step 1: what the client has. */
  stateVector: Uint8Array | null
  /** The awareness update of an awareness message. */
  awareness: Uint8Array | null
  token: string | null
}

/**
 * Reads what a client sent, up to what we need to know of it. Null for a connection-level pong.
 * @throws Error where it is no frame of the protocol
 */
export function readFrame(data: Uint8Array): Frame | null {
  if (data.length === 1 && data[0] === MessageType.Pong) return null
  const decoder = decoding.createDecoder(data)
  const address = decoding.readVarString(decoder)
  if (!addressForm.test(address)) throw new Error('No address of a document')
  const type = decoding.readVarUint(decoder)
  if (!fromClients.has(type)) throw new Error(`A client may not send messages of type ${type}`)
  return { address, documentName: documentNameOf(address), type, ...readBody(decoder, type) }
}

/** True where a client presents a token; cheaper than to read the frame. */
export function isTokenFrame(data: Uint8Array): boolean {
  const decoder = decoding.createDecoder(data)
  try {
    decoding.readVarUint8Array(decoder)
    return decoding.readVarUint(decoder) === MessageType.Auth
  } catch {
    return false
  }
}

/** Providers with sessions address `name\0session`. */
export const documentNameOf = (address: string): string => address.split('\0', 1)[0] as string

const nothing = { update: null, isStepTwo: false, stateVector: null, awareness: null, token: null }

/** A notice, not a file. */
const maxStatelessBytes = 16 * 1024

/** Walks to the end of the frame, so that nothing Hocuspocus reads later can be missing. */
function readBody(decoder: decoding.Decoder, type: number): Omit<Frame, 'address' | 'documentName' | 'type'> {
  switch (type) {
    case MessageType.Sync:
    case MessageType.SyncReply: {
      const syncType = decoding.readVarUint(decoder)
      if (syncType > SyncType.Update) throw new Error(`Unknown kind of sync message ${syncType}`)
      const payload = decoding.readVarUint8Array(decoder)
      if (syncType === SyncType.Step1) return { ...nothing, stateVector: payload }
      return { ...nothing, update: payload, isStepTwo: syncType === SyncType.Step2 }
    }
    case MessageType.Awareness:
      return { ...nothing, awareness: decoding.readVarUint8Array(decoder) }
    case MessageType.Stateless:
      if (decoding.readVarUint8Array(decoder).byteLength > maxStatelessBytes) throw new Error('The notice is too long')
      return nothing
    case MessageType.Auth:
      decoding.readVarUint(decoder)
      return { ...nothing, token: decoding.readVarString(decoder) }
    default:
      return nothing
  }
}

/** Says whether an edit is stored and applied. */
export const syncStatus = (address: string, isApplied: boolean): Uint8Array =>
  new OutgoingMessage(address).writeSyncStatus(isApplied).toUint8Array()

/**
 * Of a state vector, the Yjs clients that a document has: the others are nothing to it, and somebody may name a million.
 * @throws Error where it is no state vector
 */
export function clocksIn(document: Y.Doc, stateVector: Uint8Array): Map<number, number> {
  const decoder = decoding.createDecoder(stateVector)
  const clocks = new Map<number, number>()
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const client = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    if (document.store.clients.has(client)) clocks.set(client, clock)
  }
  return clocks
}

/** Asks a client for what we lack. */
export const syncStepOne = (address: string, document: Y.Doc): Uint8Array =>
  sync(address, SyncType.Step1, Y.encodeStateVector(document))

/** A sync step 2: what a client lacks. */
export const syncStepTwo = (address: string, missing: Uint8Array): Uint8Array => sync(address, SyncType.Step2, missing)

/** What people say of themselves: an awareness update. */
export const awarenessMessage = (address: string, update: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, MessageType.Awareness)
    encoding.writeVarUint8Array(encoder, update)
  })

function sync(address: string, type: number, payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, MessageType.Sync)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint8Array(encoder, payload)
  })
}
