import { loadConfig } from '@mdcreator/shared/config'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import { openSocket, type TestServer, until } from '../testing.ts'
import { answer, rawUpgrade, refused, UpgradeWorld } from './testing-upgrades.ts'

describe('how many sockets a server takes', () => {
  let upgrades: UpgradeWorld
  before(async () => {
    upgrades = await UpgradeWorld.start()
  })
  afterEach(() => upgrades.closeSockets())
  after(() => upgrades.world.stop())

  it('closes with 4408 where an address has too many, until one of them is closed', async () => {
    const server = await upgrades.world.server({ limits: { socketsPerAddress: 3 } })
    const [first] = [await upgrades.open(server), await upgrades.open(server), await upgrades.open(server)]
    const fourth = await upgrades.open(server)
    expect(await fourth.closed).to.equal(4408)
    expect(await refused(server, 'address-connections')).to.equal(1)
    first.ws.close()
    await until(async () => {
      const next = await upgrades.open(server)
      return Promise.race([next.closed.then(() => false), new Promise<boolean>((yes) => setTimeout(yes, 50, true))])
    })
  })

  it('counts by the real address, whatever the client says of itself', async () => {
    const server = await upgrades.world.server({ limits: { socketsPerAddress: 3 } })
    for (let i = 0; i < 3; i++) await upgrades.open(server, { 'x-forwarded-for': `203.0.113.${i}` })
    const fourth = await upgrades.open(server, { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' })
    expect(await fourth.closed).to.equal(4408)
  })

  it("counts by the header's address where a trusted proxy wrote it", async () => {
    const defaults = loadConfig({})
    const collab = { ...defaults.collab, socketsPerAddress: 1 }
    const server = await upgrades.world.server({ config: { ...defaults, collab, trustedProxies: ['loopback'] } })
    const people = await Promise.all(
      [1, 2, 3].map((i) => upgrades.open(server, { 'x-forwarded-for': `203.0.113.${i}` })),
    )
    const again = await upgrades.open(server, { 'x-forwarded-for': '198.51.100.1, 203.0.113.1' })
    expect(await again.closed).to.equal(4408)
    const neighbour = await upgrades.open(server, { 'x-forwarded-for': '2001:db8:1:2::1' })
    const sameNetwork = await upgrades.open(server, { 'x-forwarded-for': '2001:db8:1:2:ffff::2' })
    expect(await sameNetwork.closed).to.equal(4408)
    for (const { ws } of [...people, neighbour]) expect(ws.readyState).to.equal(WebSocket.OPEN)
  })

  it('closes with 4408 where there are too many in all, and with 1013 where too many have not signed in', async () => {
    const server = await upgrades.world.server({ limits: { sockets: 4, unauthenticatedSockets: 2 } })
    await upgrades.open(server)
    await upgrades.open(server)
    expect(await (await upgrades.open(server)).closed).to.equal(1013)
    expect(await refused(server, 'unauthenticated-sockets')).to.equal(1)
    upgrades.closeSockets()
    await until(async () => (await count(server)) === 0)
    for (let i = 0; i < 4; i++) await upgrades.signIn(server)
    expect(await (await upgrades.open(server)).closed).to.equal(4408)
    expect(await refused(server, 'sockets')).to.equal(1)
  })

  it('answers a flood with 503, without a handshake', async () => {
    const server = await upgrades.world.server({ limits: { socketsPerAddress: 1, sockets: 100 } })
    await upgrades.open(server)
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
    const server = await upgrades.world.server()
    for (let i = 0; i < 21; i++) {
      const { closed } = await upgrades.present(server, 'wrong')
      expect(await closed).to.equal(4001)
    }
    const response = await answer(server.url)
    expect(response.statusCode).to.equal(429)
    expect(response.headers['retry-after']).to.equal('1')
    expect(await refused(server, 'address-failures')).to.equal(1)
    await until(async () => (await upgrades.present(server)).isOpen)
    await upgrades.signIn(server)
    for (let i = 0; i < 20; i++) {
      await (await upgrades.present(server, 'wrong')).closed
    }
    await upgrades.signIn(server)
  })

  it('gives every place back', async () => {
    const server = await upgrades.world.server({
      limits: { socketsPerAddress: 20, sockets: 20, unauthenticatedSockets: 20 },
    })
    for (let round = 0; round < 3; round++) {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? upgrades.open(server) : upgrades.signIn(server))),
      )
      for (const [i, { ws }] of all.entries()) i % 3 ? ws.close() : ws.terminate()
      await until(async () => (await count(server)) === 0)
      // And of upgrades that come to nothing.
      for (let i = 0; i < 20; i++) (await rawUpgrade(server, 'no key')).destroy()
    }
    await upgrades.signIn(server)
  })

  const count = async ({ metrics }: TestServer): Promise<number> => {
    const { values } = await metrics.sockets.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }
  const closeCode = async ({ url }: TestServer): Promise<number> => (await openSocket(url)).closed
})
