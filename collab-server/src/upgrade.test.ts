import { randomBytes } from 'node:crypto'
import { type ClientRequest, createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { loadConfig } from '@mdcreator/shared/config'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import type { RefusedReason } from './metrics.ts'
import {
  openSocket,
  type Person,
  startWorld,
  type TestServer,
  type TestServerOptions,
  until,
  type World,
} from './testing.ts'
import { yWebsocketUrl } from './testing-y-websocket.ts'

describe('upgrades', () => {
  let world: World
  let document: string
  let ada: Person
  let token: string
  before(async () => {
    world = await startWorld()
    document = await world.document()
    ada = await world.person('Ada')
    token = ada.token
  })
  const sockets: { close(): void }[] = []
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close()
  })
  after(() => world.stop())

  const serve = (options: TestServerOptions = {}): Promise<TestServer> => world.server(options)
  const open = async (server: TestServer, headers: Record<string, string> = {}) => {
    const socket = await openSocket(server.url, headers)
    sockets.push(socket.ws)
    return socket
  }
  /** Asks for what there is (sync step 1), and resolves with the answer: so one is signed in. */
  const ask = (ws: WebSocket): Promise<unknown> => {
    ws.send(Uint8Array.of(0, 0, 1, 0))
    return new Promise((resolve) => ws.once('message', resolve))
  }
  const signIn = async (server: TestServer) => {
    const socket = await openSocket(`${yWebsocketUrl(server)}/${document}?token=${token}`)
    sockets.push(socket.ws)
    await ask(socket.ws)
    return socket
  }
  /** What an upgrade is answered over plain HTTP. */
  const answer = (url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(url, { headers })
      ws.on('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
        response.resume()
        resolve(response)
      })
      ws.on('open', () => reject(new Error('The upgrade was taken')))
      ws.on('error', () => {})
    })
  const refused = async ({ metrics }: TestServer, reason: RefusedReason): Promise<number> => {
    const { values } = await metrics.refused.get()
    return values.find(({ labels }) => labels.reason === reason)?.value ?? 0
  }

  describe('how many', () => {
    it('closes with 4408 where an address has too many, until one of them is closed', async () => {
      const server = await serve({ limits: { socketsPerAddress: 3 } })
      const [first] = [await open(server), await open(server), await open(server)]
      const fourth = await open(server)
      expect(await fourth.closed).to.equal(4408)
      expect(await refused(server, 'address-connections')).to.equal(1)
      first.ws.close()
      await until(async () => {
        const next = await open(server)
        return Promise.race([next.closed.then(() => false), new Promise<boolean>((yes) => setTimeout(yes, 50, true))])
      })
    })

    it('counts by the real address, whatever the client says of itself', async () => {
      const server = await serve({ limits: { socketsPerAddress: 3 } })
      for (let i = 0; i < 3; i++) await open(server, { 'x-forwarded-for': `203.0.113.${i}` })
      const fourth = await open(server, { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' })
      expect(await fourth.closed).to.equal(4408)
    })

    it("counts by the header's address where a trusted proxy wrote it", async () => {
      const defaults = loadConfig({})
      const collab = { ...defaults.collab, socketsPerAddress: 1 }
      const server = await serve({ config: { ...defaults, collab, trustedProxies: ['loopback'] } })
      const people = await Promise.all([1, 2, 3].map((i) => open(server, { 'x-forwarded-for': `203.0.113.${i}` })))
      const again = await open(server, { 'x-forwarded-for': '198.51.100.1, 203.0.113.1' })
      expect(await again.closed).to.equal(4408)
      const neighbour = await open(server, { 'x-forwarded-for': '2001:db8:1:2::1' })
      const sameNetwork = await open(server, { 'x-forwarded-for': '2001:db8:1:2:ffff::2' })
      expect(await sameNetwork.closed).to.equal(4408)
      for (const { ws } of [...people, neighbour]) expect(ws.readyState).to.equal(WebSocket.OPEN)
    })

    it('closes with 4408 where there are too many in all, and with 1013 where too many have not signed in', async () => {
      const server = await serve({ limits: { sockets: 4, unauthenticatedSockets: 2 } })
      await open(server)
      await open(server)
      expect(await (await open(server)).closed).to.equal(1013)
      expect(await refused(server, 'unauthenticated-sockets')).to.equal(1)
      for (const socket of sockets.splice(0)) socket.close()
      await until(async () => (await count(server)) === 0)
      for (let i = 0; i < 4; i++) await signIn(server)
      expect(await (await open(server)).closed).to.equal(4408)
      expect(await refused(server, 'sockets')).to.equal(1)
    })

    it('answers a flood with 503, without a handshake', async () => {
      const server = await serve({ limits: { socketsPerAddress: 1, sockets: 100 } })
      await open(server)
      // Those that are turned away and never agree to it.
      const stubborn = await Promise.all(Array.from({ length: 10 }, () => rawUpgrade(server)))
      await Promise.all(stubborn.map((socket) => new Promise((resolve) => socket.once('data', resolve))))
      const response = await answer(server.url)
      expect(response.statusCode).to.equal(503)
      expect(Number(response.headers['retry-after'])).to.be.within(1, 60)
      // They are ended soon, and then others are told why again.
      await until(async () => (await closeCode(server)) === 4408)
      for (const socket of stubborn) socket.destroy()
    })

    it('makes an address wait that fails to sign in again and again, and no longer once it may again', async () => {
      const server = await serve()
      for (let i = 0; i < 21; i++) {
        const { closed } = await openSocket(`${yWebsocketUrl(server)}/${document}?token=wrong`)
        expect(await closed).to.equal(4001)
      }
      const response = await answer(server.url)
      expect(response.statusCode).to.equal(429)
      expect(response.headers['retry-after']).to.equal('1')
      expect(await refused(server, 'address-failures')).to.equal(1)
      await until(async () => (await openSocket(`${yWebsocketUrl(server)}/${document}?token=${token}`)).isOpen)
      await signIn(server)
      for (let i = 0; i < 20; i++) {
        await (await openSocket(`${yWebsocketUrl(server)}/${document}?token=wrong`)).closed
      }
      await signIn(server)
    })

    it('gives every place back', async () => {
      const server = await serve({ limits: { socketsPerAddress: 20, sockets: 20, unauthenticatedSockets: 20 } })
      for (let round = 0; round < 3; round++) {
        const all = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? open(server) : signIn(server))))
        for (const [i, { ws }] of all.entries()) i % 3 ? ws.close() : ws.terminate()
        await until(async () => (await count(server)) === 0)
        // And of upgrades that come to nothing.
        for (let i = 0; i < 20; i++) (await rawUpgrade(server, 'no key')).destroy()
      }
      await signIn(server)
    })
  })

  describe('how much', () => {
    const megabyte = 1024 * 1024

    it('refuses a large frame with 1009 before a token has come, as soon as it begins', async () => {
      const server = await serve()
      const { ws, closed } = await openSocket(server.url)
      const raw = (ws as unknown as { _socket: Socket })._socket
      // The header of a masked frame of 1 MB, and a little of it.
      raw.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4]))
      raw.write(randomBytes(100))
      expect(await closed).to.equal(1009)
      expect(await refused(server, 'frame-size')).to.equal(1)
    })

    it('refuses a large frame behind a bad token', async () => {
      const server = await serve()
      for (const bytes of [300 * 1024, 2 * megabyte, 4 * megabyte]) {
        const { ws, closed } = await openSocket(`${yWebsocketUrl(server)}/${document}?token=wrong`)
        ws.send(Buffer.alloc(bytes))
        expect(await closed).to.be.oneOf([4001, 1009])
      }
    })

    it('reads nothing on while it checks a token', async () => {
      const claims = { sub: ada.id, iat: 0, exp: Date.now(), token_use: 'access' as const }
      const check = Promise.withResolvers<typeof claims>()
      const verifier = { verify: () => check.promise, verifyForDocument: () => check.promise }
      const server = await serve({ verifier })
      const http = createServer()
      const taken: Duplex[] = []
      http.on('upgrade', (request, socket, head) => {
        taken.push(socket)
        server.collab.handleUpgrade(request, socket, head)
      })
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws/documents/${document}?token=${token}`
      const { ws } = await openSocket(url)
      sockets.push(ws, http)
      const read = (): number => (taken[0] as Socket).bytesRead
      await new Promise((resolve) => ws.send(awareness(megabyte), resolve))
      // Whatever the server does with it is done when it has answered somebody else.
      const other = await open(server)
      other.ws.ping()
      await new Promise((resolve) => other.ws.once('pong', resolve))
      expect(read()).to.be.below(megabyte / 4)
      check.resolve(claims)
      await ask(ws)
      expect(read()).to.be.above(megabyte)
    })

    it('takes a frame of the largest size from who has signed in, and none that is larger', async () => {
      const server = await serve()
      const { maxFrameBytes } = loadConfig({}).collab
      const { ws, closed } = await signIn(server)
      const answered = new Promise<void>((resolve) => {
        ws.on('message', (data: Buffer) => {
          if (data[0] === 1) resolve()
        })
      })
      ws.send(awareness(maxFrameBytes))
      ws.send(Uint8Array.of(3))
      await answered
      ws.send(Buffer.alloc(maxFrameBytes + 1))
      expect(await closed).to.equal(1009)
    })
  })

  describe('who', () => {
    it('takes other origins only where they are allowed', async () => {
      const defaults = loadConfig({})
      const server = await serve({ config: { ...defaults, corsOrigins: ['https://docs.example'] } })
      for (const url of [server.url, `${yWebsocketUrl(server)}/${document}`]) {
        for (const origin of ['https://elsewhere.example', 'https://docs.example.evil.example', 'null', 'nonsense']) {
          expect((await answer(url, { origin })).statusCode, origin).to.equal(403)
        }
        for (const origin of ['https://docs.example', `http://${new URL(url).host}`]) {
          const { ws, isOpen } = await openSocket(url, { origin })
          expect(isOpen, origin).to.equal(true)
          ws.close()
        }
      }
      expect(await refused(server, 'origin')).to.equal(8)
      const anybody = await serve({ config: { ...defaults, corsOrigins: ['*'] } })
      expect((await open(anybody, { origin: 'https://elsewhere.example' })).isOpen).to.equal(true)
    })

    it('leaves other paths alone', async () => {
      const server = await serve()
      for (const path of ['/', '/collab/', '/collabo', '/ws', '/ws/documents', '/ws/other/1']) {
        expect((await answer(server.url.replace('/collab', path))).statusCode, path).to.equal(404)
      }
    })

    it('answers with 503 while it stops', async () => {
      const server = await serve()
      const stopped = server.collab.stop()
      expect((await answer(server.url)).statusCode).to.equal(503)
      await stopped
      expect(await refused(server, 'stopping')).to.equal(1)
    })

    it('survives malformed upgrades and resets on every path', async () => {
      const server = await serve()
      const witness = await signIn(server)
      const paths = [
        '/collab',
        `/ws/documents/${document}?token=${token}`,
        '/ws/documents/%',
        '/ws/documents/?token=%zz',
      ]
      for (let i = 0; i < 40; i++) {
        const socket = await rawUpgrade(server, ['', 'a b:c:d\u00ff', '[::1', '@'][i % 4], paths[i % paths.length])
        if (i % 3 === 0) socket.end()
        else socket.resetAndDestroy()
      }
      for (const method of ['POST', 'OPTIONS']) {
        const { hostname, port } = new URL(server.url)
        const headers = { connection: 'upgrade', upgrade: 'websocket' }
        const sent = httpRequest({ hostname, port, method, path: '/collab', headers })
        const response = new Promise<IncomingMessage>((resolve) => sent.on('response', resolve))
        sent.on('error', () => {})
        sent.end()
        expect((await response).statusCode).to.equal(405)
      }
      await ask(witness.ws)
    })
  })

  const count = async ({ metrics }: TestServer): Promise<number> => {
    const { values } = await metrics.sockets.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }
  const closeCode = async ({ url }: TestServer): Promise<number> => (await openSocket(url)).closed

  /** Sends the request for an upgrade, and nothing after it; resolves when it is on its way. */
  const rawUpgrade = async ({ url }: TestServer, host = 'localhost', path = '/collab'): Promise<Socket> => {
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
})

/** An awareness message of that many bytes, whose state is too large to be taken. */
function awareness(bytes: number): Buffer {
  const message = Buffer.alloc(bytes)
  const length = varUint(bytes - 10).length
  message.set([1, ...varUint(bytes - 1 - length), 1, 7, 1, ...varUint(bytes - 4 - 2 * length)])
  return message
}

function varUint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varUint(value >>> 7)]
}
