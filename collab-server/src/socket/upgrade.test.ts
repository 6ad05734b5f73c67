import { randomBytes } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { startProxy } from '@mdcreator/db/testing-proxy'
import { loadConfig } from '@mdcreator/shared/config'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { openSocket, type TestServer, until } from '../testing.ts'
import { answer, ask, rawUpgrade, refused, UpgradeWorld } from './testing-upgrades.ts'
import { yWebsocketUrl } from './testing-y-websocket.ts'

describe('upgrades', () => {
  let upgrades: UpgradeWorld
  before(async () => {
    upgrades = await UpgradeWorld.start()
  })
  afterEach(() => upgrades.closeSockets())
  after(() => upgrades.world.stop())

  describe('how much', () => {
    const megabyte = 1024 * 1024

    /** A socket with a good token, and how many bytes the server has read of it. */
    const watched = async (server: TestServer) => {
      const http = createServer()
      const taken: Duplex[] = []
      http.on('upgrade', (request, socket, head) => {
        taken.push(socket)
        server.collab.handleUpgrade(request, socket, head)
      })
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      const { port } = http.address() as AddressInfo
      const path = `/ws/documents/${upgrades.document}?token=${upgrades.ada.token}`
      const socket = await openSocket(`ws://127.0.0.1:${port}${path}`)
      upgrades.keep(socket.ws, http)
      return { ...socket, read: () => (taken[0] as Socket).bytesRead }
    }

    it('refuses a large frame with 1009 before a token has come, as soon as it begins', async () => {
      const server = await upgrades.world.server()
      const { ws, closed } = await openSocket(server.url)
      const raw = (ws as unknown as { _socket: Socket })._socket
      // The header of a masked frame of 1 MB, and a little of it.
      raw.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4]))
      raw.write(randomBytes(100))
      expect(await closed).to.equal(1009)
      expect(await refused(server, 'frame-size')).to.equal(1)
    })

    it('refuses a large frame behind a bad token', async () => {
      const server = await upgrades.world.server()
      for (const bytes of [300 * 1024, 2 * megabyte, 4 * megabyte]) {
        const { ws, closed } = await upgrades.present(server, 'wrong')
        ws.send(Buffer.alloc(bytes))
        expect(await closed).to.be.oneOf([4001, 1009])
      }
    })

    it('reads nothing on while it checks a token', async () => {
      const claims = { sub: upgrades.ada.id, iat: 0, exp: Date.now(), token_use: 'access' as const }
      const check = Promise.withResolvers<typeof claims>()
      const verifier = { verify: () => check.promise, verifyForDocument: () => check.promise }
      const server = await upgrades.world.server({ verifier })
      const { ws, read } = await watched(server)
      await new Promise((resolve) => ws.send(awareness(megabyte), resolve))
      // Whatever the server does with it is done when it has answered somebody else.
      const other = await upgrades.open(server)
      other.ws.ping()
      await new Promise((resolve) => other.ws.once('pong', resolve))
      expect(read()).to.be.below(megabyte / 4)
      check.resolve(claims)
      await ask(ws)
      expect(read()).to.be.above(megabyte)
    })

    it('takes a frame of the largest size from who has signed in, and none that is larger', async () => {
      const server = await upgrades.world.server()
      const { maxFrameBytes } = loadConfig({}).collab
      const { ws, closed } = await upgrades.signIn(server)
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

    it('reads no more of who sends faster than edits can be stored, and goes on once they are', async () => {
      const proxy = await startProxy(upgrades.world.databaseUrl)
      const policy = { pausedAtBytes: megabyte / 4 }
      const server = await upgrades.world.server({ databaseUrl: proxy.url, policy })
      const { ws, read } = await watched(server)
      await ask(ws)
      proxy.hold()
      for (let i = 0; i < 40; i++) ws.send(edit('x'.repeat(100 * 1024)))
      await until(() => server.collab.unstored >= 3)
      // Whatever the server reads of it meanwhile, it has read when it has answered somebody else.
      const other = await upgrades.open(server)
      other.ws.ping()
      await new Promise((resolve) => other.ws.once('pong', resolve))
      expect(read()).to.be.below(megabyte)
      proxy.restore()
      const live = server.collab.hocuspocus.documents.get(upgrades.document)
      await until(() => live?.getText('notes').length === 40 * 100 * 1024)
      await server.stop()
      await proxy.stop()
    })

    it('reads no more of a frame that is too large, and says why all the same', async () => {
      const { ws, closed, read } = await watched(await upgrades.world.server())
      await ask(ws)
      ws.send(Buffer.alloc(16 * megabyte))
      expect(await closed).to.equal(1009)
      expect(read()).to.be.below(megabyte)
    })

    it('reads no more of who goes on after the end, and says why all the same', async () => {
      const { ws, closed, read } = await watched(await upgrades.world.server())
      await ask(ws)
      ws.send('text')
      for (let i = 0; i < 16; i++) ws.send(Buffer.alloc(megabyte))
      expect(await closed).to.equal(1003)
      expect(read()).to.be.below(megabyte)
    })
  })

  describe('who', () => {
    it('takes other origins only where they are allowed', async () => {
      const defaults = loadConfig({})
      const server = await upgrades.world.server({ config: { ...defaults, corsOrigins: ['https://docs.example'] } })
      for (const url of [server.url, `${yWebsocketUrl(server)}/${upgrades.document}`]) {
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
      const anybody = await upgrades.world.server({ config: { ...defaults, corsOrigins: ['*'] } })
      expect((await upgrades.open(anybody, { origin: 'https://elsewhere.example' })).isOpen).to.equal(true)
    })

    it('leaves other paths alone', async () => {
      const server = await upgrades.world.server()
      for (const path of ['/', '/collab/', '/collabo', '/ws', '/ws/documents', '/ws/other/1']) {
        expect((await answer(server.url.replace('/collab', path))).statusCode, path).to.equal(404)
      }
    })

    it('answers with 503 while it stops', async () => {
      const server = await upgrades.world.server()
      const stopped = server.collab.stop()
      expect((await answer(server.url)).statusCode).to.equal(503)
      await stopped
      expect(await refused(server, 'stopping')).to.equal(1)
    })

    it('survives a socket that breaks while the request is looked at', async () => {
      const { collab } = await upgrades.world.server()
      for (const [path, isTaken] of [
        ['/collab', true],
        ['/other', false],
      ] as const) {
        const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
        const request = {
          headers: { origin: 'https://elsewhere.example' },
          get url() {
            socket.emit('error', new Error('reset'))
            return path
          },
          set url(_path) {},
        } as IncomingMessage
        expect(collab.handleUpgrade(request, socket, Buffer.alloc(0))).to.equal(isTaken)
      }
    })

    it('survives malformed upgrades and resets on every path', async () => {
      const server = await upgrades.world.server()
      const witness = await upgrades.signIn(server)
      const paths = [
        '/collab',
        `/ws/documents/${upgrades.document}?token=${upgrades.ada.token}`,
        '/ws/documents/%',
        '/ws/documents/?token=%zz',
      ]
      for (let i = 0; i < 40; i++) {
        const socket = await rawUpgrade(server, ['', 'a b:c:d\u00ff', '[::1', '@'][i % 4], paths[i % paths.length])
        if (i % 3 === 0) socket.resume().end()
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
})

/** An update of a Yjs client of its own, as y-websocket sends it. */
function edit(text: string): Uint8Array {
  const doc = new Y.Doc()
  doc.getText('notes').insert(0, text)
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, 2)
    encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(doc))
  })
}

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
