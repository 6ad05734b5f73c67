import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import { WebSocket, WebSocketServer } from 'ws'
import { MessageWriter } from './message-writer.ts'

describe('messages to one socket', () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  let client: WebSocket
  let peer: WebSocket
  let writer: MessageWriter
  const heard: number[][] = []
  beforeEach(async () => {
    heard.length = 0
    const connected = once(server, 'connection')
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    client.on('message', (data: Buffer) => void heard.push([data.byteLength, data[0] as number]))
    const [ws, { socket }] = (await connected) as [WebSocket, { socket: Socket }]
    peer = ws
    writer = new MessageWriter(peer, socket)
    if (client.readyState !== WebSocket.OPEN) await once(client, 'open')
  })
  after(() => server.close())

  const message = (bytes: number, content: number): Uint8Array => new Uint8Array(bytes).fill(content)

  it('come one by one and in order, whatever their sizes', async () => {
    const sizes = [1, 125, 126, 1_024, 1_025, 65_535, 65_536, 3, 200_000, 2, 7]
    for (const count of [1, 2, sizes.length]) {
      heard.length = 0
      const sent = sizes.slice(0, count).map((bytes, i) => message(bytes, i))
      for (const each of sent) writer.send(each)
      expect(writer.pendingBytes).to.be.greaterThan(sent.reduce((bytes, { byteLength }) => bytes + byteLength, 0))
      while (heard.length < count) await once(client, 'message')
      expect(heard).to.deep.equal(sent.map(({ byteLength }, i) => [byteLength, i]))
      expect(writer.pendingBytes).to.equal(0)
    }
    client.close()
  })

  it('come before a close that follows them', async () => {
    const closed = once(client, 'close')
    for (let i = 0; i < 3; i++) writer.send(message(2_000, i))
    writer.flush()
    peer.close(4_000)
    expect((await closed)[0]).to.equal(4_000)
    expect(heard).to.deep.equal([0, 1, 2].map((i) => [2_000, i]))
  })

  it('are dropped where it has closed before they could be written', async () => {
    const closed = once(client, 'close')
    const gone = once(peer, 'close')
    writer.send(message(10, 1))
    peer.close(4_000)
    await Promise.all([closed, gone])
    expect(heard).to.deep.equal([])
    writer.send(message(10, 1))
    writer.flush()
    expect(writer.pendingBytes).to.equal(0)
  })
})
