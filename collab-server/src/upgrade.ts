import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from '@mdcreator/shared/log'
import { type WebSocket, WebSocketServer } from 'ws'

export type UpgradeOptions = {
  path: string
  /** Origins besides our own that may open sockets from a browser. */
  allowedOrigins: string[]
  /** The largest frame, in bytes: larger ones end the socket with 1009. */
  maxFrameBytes: number
  log: Logger
  onSocket: (ws: WebSocket) => void
}

/** Half of what a client may stay silent, in milliseconds. */
const pingEveryMs = 20_000

/** Turns HTTP upgrades into WebSockets, and refuses the others with a plain HTTP answer. */
export class Upgrades {
  private readonly options: UpgradeOptions
  private readonly server: WebSocketServer
  private readonly pinger: NodeJS.Timeout
  private readonly silent = new WeakSet<WebSocket>()
  private accepting = true

  constructor(options: UpgradeOptions) {
    this.options = options
    this.server = new WebSocketServer({ noServer: true, maxPayload: options.maxFrameBytes, perMessageDeflate: false })
    this.pinger = setInterval(() => this.ping(), pingEveryMs)
    this.pinger.unref()
  }

  /** Takes an upgrade that is for our path. Returns false, and leaves the socket alone, where it is not. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    // Before anything else: a reset while we look at the request would end the process.
    socket.on('error', (err) => this.options.log.debug({ err }, 'a socket broke during its upgrade'))
    if (request.url?.split('?', 1)[0] !== this.options.path) return false
    if (!this.accepting) refuse(socket, 503)
    else if (!this.isAllowed(request)) refuse(socket, 403)
    else this.server.handleUpgrade(request, socket, head, (ws) => this.accepted(ws))
    return true
  }

  /** Answers every further upgrade with 503. */
  refuseNew(): void {
    this.accepting = false
    clearInterval(this.pinger)
  }

  /** Accepts no more sockets, closes those there are, and ends after `graceMs` those that have not closed by then. */
  async close(code: number, reason: string, graceMs = 2_000): Promise<void> {
    this.refuseNew()
    const terminate = setTimeout(() => {
      for (const ws of this.server.clients) ws.terminate()
    }, graceMs)
    const closed = [...this.server.clients].map((ws) => new Promise((resolve) => ws.once('close', resolve)))
    for (const ws of this.server.clients) {
      // A paused socket would never read the other side's answer.
      ws.resume()
      ws.close(code, reason)
    }
    await Promise.all(closed)
    clearTimeout(terminate)
    this.server.close()
  }

  private accepted(ws: WebSocket): void {
    ws.on('pong', () => this.silent.delete(ws))
    this.options.onSocket(ws)
  }

  private ping(): void {
    for (const ws of this.server.clients) {
      // A paused socket is not read, so its pong cannot have been seen.
      if (this.silent.has(ws) && !ws.isPaused) ws.terminate()
      else {
        this.silent.add(ws)
        ws.ping()
      }
    }
  }

  /** Browsers always send an Origin; other programs need none. */
  private isAllowed(request: IncomingMessage): boolean {
    const { origin, host } = request.headers
    if (origin === undefined) return true
    if (this.options.allowedOrigins.includes(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
  }
}

/** Answers an upgrade that is not taken, and ends the socket. */
export function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  )
}
