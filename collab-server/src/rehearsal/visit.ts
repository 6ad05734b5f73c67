import { generateKeyPair, sign } from 'node:crypto'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { newId } from '@mdcreator/shared/ids'
import { localAudience, readLocalToken } from '@mdcreator/shared/local-tokens'
import { createTokenVerifier, type TokenVerifier } from '@mdcreator/shared/tokens'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { MessageType, syncStepOne, syncStepTwo } from '../wire/frame.ts'

export type Ticket = { documentId: string; token: string }

type TicketOffice = { verifier: TokenVerifier; ticket: (documentId: string) => Promise<Ticket> }

/** Signs people in with a key that nobody else has, and that is gone with it. Signatures are made beside the event loop. */
export async function ticketOffice(): Promise<TicketOffice> {
  const issuer = 'rehearsal'
  const header = { alg: 'RS256', kid: issuer }
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), ...header, kty: 'RSA', use: 'sig' }
  const verifier = createTokenVerifier([
    {
      ...{ issuer, audience: localAudience, fetchKeys: async () => ({ keys: [jwk] }) },
      read: (jwt) => readLocalToken(jwt, 'all'),
    },
  ])
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const ticket = async (documentId: string): Promise<Ticket> => {
    const iat = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, aud: localAudience, sub: newId(), iat, exp: iat + 60, token_use: 'access' }
    const content = `${encode(header)}.${encode(claims)}`
    const signature = await promisify(sign)('sha256', Buffer.from(content), privateKey)
    return { documentId, token: `${content}.${signature.toString('base64url')}` }
  }
  return { verifier, ticket }
}

const upgrade = [
  'GET /collab HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n')
/** What a visitor has. */
const nothing = new Y.Doc()
/** No other message to a new connection is that long. */
const documentBytes = 10_000

/** Opens a document and leaves, as a provider does, with less work. Rejects where no document comes. */
export function visit(port: number, { documentId, token }: Ticket): Promise<void> {
  const introduction = Buffer.concat([
    clientFrame(tokenMessage(documentId, token)),
    clientFrame(syncStepOne(documentId, nothing)),
  ])
  const nothingNew = clientFrame(syncStepTwo(documentId, Y.encodeStateAsUpdate(nothing)))
  return new Promise((resolve, reject) => {
    let bytes = 0
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.write(upgrade)
    socket.on('data', (data: Buffer) => {
      if (bytes === 0) socket.write(introduction)
      const isHere = bytes >= documentBytes
      bytes += data.byteLength
      if (!isHere && bytes >= documentBytes) socket.end(nothingNew)
    })
    socket.on('error', reject)
    socket.on('close', () => (bytes >= documentBytes ? resolve() : reject(new Error('nobody was let in'))))
  })
}

const tokenMessage = (documentId: string, token: string): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, documentId)
    encoding.writeVarUint(encoder, MessageType.Auth)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, token)
  })

/** A message of at most 64 KB in one WebSocket frame of a client, whose mask changes nothing. */
function clientFrame(message: Uint8Array): Buffer {
  const { byteLength } = message
  const length = byteLength < 126 ? [0x80 | byteLength] : [0x80 | 126, byteLength >> 8, byteLength & 0xff]
  return Buffer.concat([Uint8Array.of(0x82, ...length, 0, 0, 0, 0), message])
}
