import { isTicket } from '@mdcreator/shared/document-ticket'
import * as encoding from 'lib0/encoding'
import type { WebSocket } from 'ws'
import { closeCodes } from '../wire/close-codes.ts'
import { MessageType } from '../wire/frame.ts'
import { WebSocketTransport } from './client-transport.ts'

/** Where the provider of y-websocket looks for documents. */
const root = '/ws/documents/'

const fromClients = new Set<number | undefined>([MessageType.Sync, MessageType.Awareness, MessageType.QueryAwareness])

/** y-websocket's provider never comes back after a code from 4400 to 4499; that is for the application to decide. */
const codes = new Map<number | undefined, number>([
  [closeCodes.unauthorized, 4001],
  [closeCodes.forbidden, 4003],
  [closeCodes.notFound, 4004],
])

/**
 * The document that a path names: `/ws/documents/{id}`, or `/ws/documents/{id}/{id}`, which y-websocket's provider asks
 * for when it is given the first as its URL and the id as its room. Null where the path is none of these.
 */
export function yWebsocketDocument(path: string): string | null {
  if (!path.startsWith(root)) return null
  const [id = '', room = id, ...rest] = path.slice(root.length).split('/')
  return room === id && rest.length === 0 ? id : ''
}

/** What somebody shows in the URL: a token, or a ticket in its stead. A token in a ticket's place is not taken. */
export function shownIn(query: string | undefined): string {
  const params = new URLSearchParams(query)
  const ticket = params.get('ticket')
  if (ticket === null) return params.get('token') ?? ''
  return isTicket(ticket) ? ticket : ''
}

/** No message of any protocol: it is refused as such. */
const nothing = Buffer.alloc(0)

type Options = ConstructorParameters<typeof WebSocketTransport>[1] & { documentName: string; token: string }

/**
 * The transport of the y-websocket protocol: its messages are those of Hocuspocus without the address before them, for
 * one document, with the token or a ticket in the URL. Everything else is the same for both.
 */
export class YWebsocketTransport extends WebSocketTransport {
  private readonly address: Uint8Array
  private readonly token: string
  private listener: (data: Buffer, isBinary: boolean) => void = () => {}

  constructor(ws: WebSocket, { documentName, token, ...options }: Options) {
    super(ws, options)
    this.address = encoding.encode((encoder) => encoding.writeVarString(encoder, documentName))
    this.token = token
  }

  /** Presents the token. */
  signIn(): void {
    this.check()
    const body = encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, MessageType.Auth)
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarString(encoder, this.token)
      encoding.writeVarString(encoder, 'y-websocket')
    })
    this.listener(this.addressed(body), true)
  }

  override onMessage(listener: (data: Buffer, isBinary: boolean) => void): void {
    this.listener = listener
    this.ws.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) listener(data, isBinary)
      else listener(fromClients.has(data[0]) ? this.addressed(data) : nothing, isBinary)
    })
  }

  override send(data: Uint8Array): void {
    const body = data.subarray(this.address.byteLength)
    switch (body[0]) {
      case MessageType.Sync:
      case MessageType.Awareness:
        super.send(body)
        break
      case MessageType.SyncReply:
        super.send(withType(MessageType.Sync, body))
        break
      case MessageType.Close:
        // Whoever closes the document says why next, with a code; if not, the client may try again.
        setImmediate(() => {
          if (this.ws.readyState === this.ws.OPEN) this.close(closeCodes.tryAgainLater, 'The document was closed')
        })
        break
    }
  }

  override close(code?: number, reason?: string): void {
    super.close(codes.get(code) ?? code, reason)
  }

  private addressed(body: Uint8Array): Buffer {
    return Buffer.concat([this.address, body])
  }
}

/** A copy: Hocuspocus sends the same bytes to others. */
function withType(type: number, body: Uint8Array): Uint8Array {
  const copy = body.slice()
  copy[0] = type
  return copy
}
