import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** What servers tell each other about a document that they both hold. */
export type PeerMessage =
  /** A row of the log, after its commit. */
  | { type: 'row'; id: number; userId: string | null; origin: 'client' | 'api'; data: Uint8Array }
  /** An awareness update (y-protocols/awareness), with null for those who left. */
  | { type: 'awareness'; update: Uint8Array }
  /** The same of all of a server's people: it holds the document, and nobody else there is in it. */
  | { type: 'present'; update: Uint8Array }
  /** A server holds the document and asks who is in it; whoever holds it too says so, with `present` or `holding`. */
  | { type: 'query-awareness' }
  /** A server holds the document, and nobody there is in it. */
  | { type: 'holding' }
  /** A server holds the document no longer. */
  | { type: 'leaving' }
  | { type: 'stateless'; payload: string }
  /** A server has projected the rows up to `clock` that it had. */
  | { type: 'projected'; clock: number }

const types = [
  'row',
  'awareness',
  'query-awareness',
  'holding',
  'leaving',
  'stateless',
  'projected',
  'present',
] as const
const origins = ['client', 'api'] as const

/** Several messages of one server about one document. */
export function encodePeerMessages(server: string, messages: PeerMessage[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, server)
    encoding.writeVarUint(encoder, messages.length)
    for (const message of messages) write(encoder, message)
  })
}

/** The server that sent it; cheaper than all of it. */
export const senderOf = (data: Uint8Array): string => decoding.readVarString(decoding.createDecoder(data))

/** @throws Error where it is none */
export function decodePeerMessages(data: Uint8Array): { server: string; messages: PeerMessage[] } {
  const decoder = decoding.createDecoder(data)
  const server = decoding.readVarString(decoder)
  return { server, messages: readMessages(decoder) }
}

/** What one server tells another one of several documents, by their ids. */
export function encodeMail(server: string, documents: ReadonlyMap<string, PeerMessage[]>): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, server)
    encoding.writeVarUint(encoder, documents.size)
    for (const [documentId, messages] of documents) {
      encoding.writeVarString(encoder, documentId)
      encoding.writeVarUint(encoder, messages.length)
      for (const message of messages) write(encoder, message)
    }
  })
}

/** @throws Error where it is none */
export function decodeMail(data: Uint8Array): { server: string; documents: [id: string, messages: PeerMessage[]][] } {
  const decoder = decoding.createDecoder(data)
  const server = decoding.readVarString(decoder)
  const documents: [string, PeerMessage[]][] = []
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    documents.push([decoding.readVarString(decoder), readMessages(decoder)])
  }
  return { server, documents }
}

function readMessages(decoder: decoding.Decoder): PeerMessage[] {
  const messages: PeerMessage[] = []
  for (let left = decoding.readVarUint(decoder); left > 0; left--) messages.push(read(decoder))
  return messages
}

function write(encoder: encoding.Encoder, message: PeerMessage): void {
  encoding.writeVarUint(encoder, types.indexOf(message.type))
  if (message.type === 'row') {
    encoding.writeVarUint(encoder, message.id)
    encoding.writeVarString(encoder, message.userId ?? '')
    encoding.writeVarUint(encoder, origins.indexOf(message.origin))
    encoding.writeVarUint8Array(encoder, message.data)
  } else if (message.type === 'awareness' || message.type === 'present')
    encoding.writeVarUint8Array(encoder, message.update)
  else if (message.type === 'projected') encoding.writeVarUint(encoder, message.clock)
  else if (message.type === 'stateless') encoding.writeVarString(encoder, message.payload)
}

function read(decoder: decoding.Decoder): PeerMessage {
  const type = types[decoding.readVarUint(decoder)]
  switch (type) {
    case 'row': {
      const id = decoding.readVarUint(decoder)
      const userId = decoding.readVarString(decoder) || null
      const origin = origins[decoding.readVarUint(decoder)]
      if (!origin) throw new Error('A row of no known origin')
      return { type, id, userId, origin, data: decoding.readVarUint8Array(decoder) }
    }
    case 'awareness':
    case 'present':
      return { type, update: decoding.readVarUint8Array(decoder) }
    case 'query-awareness':
    case 'holding':
    case 'leaving':
      return { type }
    case 'stateless':
      return { type, payload: decoding.readVarString(decoder) }
    case 'projected':
      return { type, clock: decoding.readVarUint(decoder) }
    default:
      throw new Error('A peer message of no known type')
  }
}
