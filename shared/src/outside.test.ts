import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { askOutside, isPrivate, OutsideError, type OutsideRequest } from './outside.ts'

describe('asking other servers', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close().closeAllConnections()
  })

  async function serve(listener: RequestListener): Promise<{ url: string; host: string }> {
    const server = createServer(listener)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    return { url: `http://${host}/`, host }
  }
  const refusal = (url: string, options: Partial<OutsideRequest> = {}) =>
    askOutside(url, { trustedHosts: [], ...options }).then(
      () => expect.fail('was asked'),
      (error: unknown) => expect(error).to.be.instanceOf(OutsideError),
    )

  it('gives the status and the JSON of one that an operator named', async () => {
    const { url, host } = await serve((_req, res) => res.writeHead(418).end('{"a":1}'))
    expect(await askOutside(url, { trustedHosts: [host] })).to.deep.equal({ status: 418, body: { a: 1 } })
    const text = await serve((_req, res) => res.end('<html>'))
    expect(await askOutside(text.url, { trustedHosts: [text.host] })).to.deep.equal({ status: 200, body: undefined })
  })

  it('follows no redirect', async () => {
    let asked = 0
    const target = await serve((_req, res) => {
      asked++
      res.end('{}')
    })
    const { url, host } = await serve((_req, res) => res.writeHead(302, { Location: target.url }).end())
    const answer = await askOutside(url, { trustedHosts: [host, target.host] })
    expect([answer.status, asked]).to.deep.equal([302, 0])
  })

  it('reaches nothing private that was not named, however it is written', async () => {
    const { url, host } = await serve((_req, res) => res.end('{}'))
    const port = host.split(':')[1]
    for (const name of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      'localhost',
      '169.254.169.254',
    ]) {
      await refusal(`https://${name}:${port}/`)
      await refusal(`http://${name}:${port}/`)
    }
    await refusal(url)
    await refusal('http://93.184.216.34/', { trustedHosts: ['93.184.216.34'] })
    for (const odd of ['file:///etc/passwd', 'ftp://127.0.0.1/', '', 'x']) await refusal(odd, { trustedHosts: [host] })
  })

  it('waits no longer and reads no more than it may', async () => {
    const silent = await serve(() => {})
    await refusal(silent.url, { trustedHosts: [silent.host], timeoutMs: 50 })
    const endless = await serve((_req, res) => {
      const more = (): void => void (res.destroyed || res.write('x'.repeat(10_000), () => setImmediate(more)))
      more()
    })
    await refusal(endless.url, { trustedHosts: [endless.host], maxBytes: 50_000 })
  })

  it('knows what is private', () => {
    const lists = {
      true: '0.0.0.0 10.1.2.3 100.64.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 224.0.0.1 255.255.255.255 :: ::1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 fc00::1 fe80::1 ff02::1 64:ff9b::a00:1 2002:a00:1:: 2001:db8::1 2001::1',
      false: '8.8.8.8 172.32.0.1 100.128.0.1 93.184.216.34 2606:4700:4700::1111 2a00:1450:4001:80f::200e',
    }
    for (const [wanted, list] of Object.entries(lists)) {
      for (const address of list.split(' ')) expect(String(isPrivate(address)), address).to.equal(wanted)
    }
  })
})
