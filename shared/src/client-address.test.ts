import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { clientNetworks, networkOf } from './client-address.ts'
import { UserError } from './user-error.ts'

const request = (remoteAddress: string, forwardedFor?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
  }) as unknown as IncomingMessage

describe("a client's network", () => {
  it('is an IPv4 address, and the /64 of an IPv6 address, however it is written', () => {
    expect(networkOf('203.0.113.7')).to.equal('203.0.113.7')
    expect(networkOf('::ffff:203.0.113.7')).to.equal('203.0.113.7')
    expect(networkOf('::FFFF:cb00:7107')).to.equal('203.0.113.7')
    const network = '2001:db8:0:1::/64'
    for (const address of ['2001:db8:0:1::1', '2001:DB8:0:1:ffff:0:0:2', '2001:0db8:0000:0001:1:2:3:4']) {
      expect(networkOf(address), address).to.equal(network)
    }
    expect(networkOf('2001:db8:0:2::1')).to.not.equal(network)
    expect(networkOf('fe80::1%eth0')).to.equal('fe80:0:0:0::/64')
    expect(networkOf('::1')).to.equal('0:0:0:0::/64')
  })

  it('is not what the header says where the peer is no trusted proxy', () => {
    const nobody = clientNetworks([])
    const someone = clientNetworks(['10.0.0.0/8'])
    for (const header of ['1.2.3.4', '10.0.0.1', '1.2.3.4, 10.0.0.1', 'nonsense', '']) {
      expect(nobody(request('198.51.100.1', header)), header).to.equal('198.51.100.1')
      expect(someone(request('198.51.100.1', header)), header).to.equal('198.51.100.1')
    }
  })

  it('is the nearest address that no trusted proxy has, whatever the client wrote before it', () => {
    const network = clientNetworks(['loopback', '10.0.0.0/8'])
    expect(network(request('10.1.1.1', '203.0.113.7'))).to.equal('203.0.113.7')
    expect(network(request('::ffff:10.1.1.1', '6.6.6.6, 203.0.113.7, 10.2.2.2'))).to.equal('203.0.113.7')
    expect(network(request('127.0.0.1', '2001:db8:0:1::9'))).to.equal('2001:db8:0:1::/64')
    expect(network(request('127.0.0.1', '203.0.113.7:52011'))).to.equal('203.0.113.7')
    expect(network(request('127.0.0.1', '[2001:db8:0:1::9]:443'))).to.equal('2001:db8:0:1::/64')
  })

  it('is the proxy where it does not tell, or tells nonsense', () => {
    const network = clientNetworks(['loopback'])
    for (const header of [undefined, '', 'unknown', '_hidden', '999.1.1.1']) {
      expect(network(request('127.0.0.1', header)), header).to.equal('127.0.0.1')
    }
  })

  it('needs networks that are some', () => {
    expect(() => clientNetworks(['10.0.0.0/99'])).to.throw(UserError, 'TRUSTED_PROXIES')
  })
})
