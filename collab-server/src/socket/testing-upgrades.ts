import type { ClientRequest, IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { RefusedReason } from '../metrics.ts'
import { openSocket, type Person, startWorld, type TestServer, type World } from '../testing.ts'
import { yWebsocketUrl } from './testing-y-websocket.ts'

type Server = Pick<TestServer, 'url'>

/** A world with one document and somebody who may edit it, and the sockets that a test opens. */
export class UpgradeWorld {
  readonly world: World
  readonly document: string
  readonly ada: Person
  private readonly sockets: { close(): void }[] = []

  private constructor(world: World, document: string, ada: Person) {
    this.world = world
    this.document = document
    this.ada = ada
  }

  static async start(): Promise<UpgradeWorld> {
    const world = await startWorld()
    return new UpgradeWorld(world, await world.document(), await world.person('Ada'))
  }

  /** To be closed with the others. */
  keep(...sockets: { close(): void }[]): void {
    this.sockets.push(...sockets)
  }

  closeSockets(): void {
    for (const socket of this.sockets.splice(0)) socket.close()
  }

  /** Opens a socket and presents nothing on it. */
  async open(server: Server, headers: Record<string, string> = {}) {
    const socket = await openSocket(server.url, headers)
    this.keep(socket.ws)
    return socket
  }

  /** Opens a socket with a token, which nobody may have looked at yet. */
  present(server: Server, token = this.ada.token) {
    return openSocket(`${yWebsocketUrl(server)}/${this.document}?token=${token}`)
  }

  async signIn(server: Server) {
    const socket = await this.present(server)
    this.keep(socket.ws)
    await ask(socket.ws)
    return socket
  }
}

/** Asks for what there is (sync step 1), and resolves with the answer: so one is signed in. */
export function ask(ws: WebSocket): Promise<unknown> {
  ws.send(Uint8Array.of(0, 0, 1, 0))
  return new Promise((resolve) => ws.once('message', resolve))
}

/** What an upgrade is answered over plain HTTP. */
export function answer(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { headers })
    ws.on('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      response.resume()
      resolve(response)
    })
    ws.on('open', () => reject(new Error('The upgrade was taken')))
    ws.on('error', () => {})
  })
}

/** How many were refused for that reason. */
export async function refused({ metrics }: TestServer, reason: RefusedReason): Promise<number> {
  const { values } = await metrics.refused.get()
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0
}

/** Sends the request for an upgrade, and nothing after it; resolves when it is on its way. */
export async function rawUpgrade({ url }: Server, host = 'localhost', path = '/collab'): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const key = host === 'no key' ? '' : 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}Sec-WebSocket-Version: 13\r\n\r\n`,
  )
  return socket
}
