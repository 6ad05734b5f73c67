import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import proxyAddr from 'proxy-addr'
import { UserError } from './user-error.ts'

/**
 * Returns a function that tells from which network a request comes, as a key to count by: an IPv4 address, or the /64 of
 * an IPv6 address, of which one customer has many. X-Forwarded-For counts only as far as trusted proxies wrote it.
 *
 * @param trustedProxies addresses, networks, or `loopback`, `linklocal` and `uniquelocal`, as in Express
 * @throws UserError where one of them is none
 */
export function clientNetworks(trustedProxies: string[]): (request: IncomingMessage) => string {
  const isTrusted = compile(trustedProxies)
  return (request) => {
    const peer = request.socket.remoteAddress ?? ''
    if (!isTrusted(peer, 0)) return networkOf(peer)
    const addresses = [peer, ...forwardedFor(request)]
    const client = addresses.find((address, hops) => !isTrusted(address, hops)) ?? addresses.at(-1)
    return networkOf(client && isIP(client) ? client : peer)
  }
}

function compile(trustedProxies: string[]): ReturnType<typeof proxyAddr.compile> {
  try {
    return proxyAddr.compile(trustedProxies)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new UserError(`TRUSTED_PROXIES is not usable: ${reason}. Example: TRUSTED_PROXIES=loopback,10.0.0.0/8`, {
      cause,
    })
  }
}

/** The nearest first. Some proxies add the port. */
function forwardedFor({ headers }: IncomingMessage): string[] {
  const header = String(headers['x-forwarded-for'] ?? '')
  return header
    .split(',')
    .map((part) =>
      part
        .trim()
        .replace(/^\[(.*)\](:\d+)?$/, '$1')
        .replace(/^([\d.]+):\d+$/, '$1'),
    )
    .filter(Boolean)
    .reverse()
}

/** The IPv4 address (also of an IPv4-mapped one), or the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const groups = ipv6Groups(address.replace(/%.*$/, ''))
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of an IPv6 address; a URL brings it into its shortest form without a dotted end. */
function ipv6Groups(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const read = (part: string): number[] => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : [])
  const [left, right] = [read(head), read(tail ?? '')]
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}
