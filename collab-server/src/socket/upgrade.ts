import type { IncomingMessage, ServerOptions } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { isId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Metrics, RefusedReason } from '../metrics.ts'
import { closeCodes } from '../wire/close-codes.ts'
import { writeWaiting } from '../wire/message-writer.ts'
import type { Admission, Place, Verdict } from './admission.ts'
import { type ClientTransport, maxFirstFrameBytes, WebSocketTransport } from './client-transport.ts'
import { Pings } from './pings.ts'
import { readLittleMore } from './unheeded.ts'
import { shownIn, YWebsocketTransport, yWebsocketDocument } from './y-websocket.ts'

export type UpgradeOptions = {
  /** Origins besides our own that may open sockets from a browser; `*` for all. */
  allowedOrigins: string[]
  /** The largest frame, in bytes: larger ones end the socket with 1009. */
  maxFrameBytes: number
  admission: Admission
  /** Where a request comes from. */
  networkOf: (request: IncomingMessage) => string
  metrics: Metrics
  log: Logger
  onSocket: (transport: ClientTransport) => void
}

/** For an HTTP server that takes upgrades: whoever sends a request by the byte is cut off. Times in milliseconds. */
export const serverOptions = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
} satisfies ServerOptions

/** Where HocuspocusProvider connects. */
const hocuspocusPath = '/collab'
/** How long a client that is turned away may take to agree. */
const turnedAwayMs = 1_000

const socketOptions = (maxFrameBytes: number) => ({
  noServer: true,
  maxPayload: Math.min(maxFirstFrameBytes, maxFrameBytes),
  perMessageDeflate: false,
  /** How long a client may take to agree to the end. */
  closeTimeout: 10_000,
})

/** Turns HTTP upgrades into WebSockets, and refuses the others. */
export class Upgrades {
  private readonly options: UpgradeOptions
  private readonly server: WebSocketServer
  private readonly pings = new Pings()
  private accepting = true

  constructor(options: UpgradeOptions) {
    this.options = options
    this.server = new WebSocketServer(socketOptions(options.maxFrameBytes))
    this.pings.start()
  }

  /** Takes an upgrade that is for one of our paths. Returns false, and leaves the socket alone, where it is not. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    // Before anything else: a reset while we look at the request would end the process.
    socket.on('error', (err) => this.options.log.debug({ err }, 'a socket broke during its upgrade'))
    const [path = '', query] = (request.url ?? '').split('?', 2)
    const documentName = yWebsocketDocument(path)
    if (path !== hocuspocusPath && documentName === null) return false
    // Whoever looks at the request from here on finds no token in it.
    request.url = path
    if (!this.accepting) this.refuse(socket, 'stopping', 503, 1_000)
    else if (!this.isAllowed(request)) this.refuse(socket, 'origin', 403)
    else {
      const verdict = this.options.admission.admit(this.options.networkOf(request))
      if (verdict.kind === 'answered') this.refuse(socket, verdict.reason, verdict.status, verdict.retryAfterMs)
      else {
        socket.once('close', verdict.kind === 'admitted' ? verdict.place.leave : verdict.leave)
        this.server.handleUpgrade(request, socket, head, (ws) => {
          if (verdict.kind === 'closed') this.turnAway(ws, verdict, socket)
          else if (documentName === null) this.acceptHocuspocus(ws, verdict.place, socket)
          else this.acceptYWebsocket(ws, verdict.place, socket, documentName, shownIn(query))
        })
      }
    }
    return true
  }

  /** Answers every further upgrade with 503. */
  refuseNew(): void {
    this.accepting = false
    this.pings.stop()
  }

  /** Accepts no more sockets, closes those there are, and ends after `graceMs` those that have not closed by then. */
  async close(code: number, reason: string, graceMs = 2_000): Promise<void> {
    this.refuseNew()
    const terminate = setTimeout(() => {
      for (const ws of this.server.clients) ws.terminate()
    }, graceMs)
    // Nothing goes behind a farewell.
    writeWaiting()
    const closed = [...this.server.clients].map((ws) => new Promise((resolve) => ws.once('close', resolve)))
    for (const ws of this.server.clients) {
      ws.close(code, reason)
      // A paused socket would never read the other side's answer.
      ws.resume()
    }
    await Promise.all(closed)
    clearTimeout(terminate)
    this.server.close()
  }

  private acceptHocuspocus(ws: WebSocket, place: Place, socket: Duplex): void {
    this.watch(ws, socket, 'hocuspocus')
    this.options.onSocket(new WebSocketTransport(ws, { place, socket, maxFrameBytes: this.options.maxFrameBytes }))
  }

  private acceptYWebsocket(ws: WebSocket, place: Place, socket: Duplex, documentName: string, token: string): void {
    this.watch(ws, socket, 'y-websocket')
    const { maxFrameBytes } = this.options
    const transport = new YWebsocketTransport(ws, { place, socket, maxFrameBytes, documentName, token })
    if (!isId(documentName)) {
      this.count('signin')
      transport.close(closeCodes.notFound, 'No such document')
    } else {
      this.options.onSocket(transport)
      transport.signIn()
    }
  }

  private watch(ws: WebSocket, socket: Duplex, protocol: string): void {
    const { log, metrics } = this.options
    metrics.sockets.inc({ protocol })
    ws.on('close', () => metrics.sockets.dec({ protocol }))
    this.pings.watch(ws)
    ws.on('error', (err: NodeJS.ErrnoException) => {
      if (err.code?.startsWith('WS_ERR_')) {
        this.count(err.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'frame-size' : 'malformed')
        readLittleMore(ws, socket)
      }
      log.debug({ err }, 'a socket broke')
    })
  }

  private turnAway(ws: WebSocket, { reason, code }: Extract<Verdict, { kind: 'closed' }>, socket: Duplex): void {
    this.count(reason)
    ws.on('error', () => {})
    const timer = setTimeout(() => ws.terminate(), turnedAwayMs)
    ws.on('close', () => clearTimeout(timer))
    ws.close(code, 'Too many connections')
    readLittleMore(ws, socket)
  }

  private refuse(socket: Duplex, reason: RefusedReason, status: number, retryAfterMs?: number): void {
    this.count(reason)
    refuse(socket, status, retryAfterMs)
  }

  private count(reason: RefusedReason): void {
    this.options.metrics.refused.inc({ reason })
  }

  /** Browsers always send an Origin; other programs need none. */
  private isAllowed(request: IncomingMessage): boolean {
    const { origin, host } = request.headers
    const { allowedOrigins } = this.options
    if (origin === undefined || allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
  }
}

/** Answers an upgrade that is not taken, and ends the socket. */
export function refuse(socket: Duplex, status: number, retryAfterMs?: number): void {
  socket.on('error', () => {})
  const headers = ['Connection: close', 'Content-Length: 0']
  if (retryAfterMs !== undefined) headers.push(`Retry-After: ${Math.ceil(retryAfterMs / 1000)}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, '\r\n'].join('\r\n'), () => socket.destroy())
}
