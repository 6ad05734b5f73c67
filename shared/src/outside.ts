import { type LookupAddress, lookup } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { isLoopback } from './loopback.ts'

export type OutsideRequest = {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  /** Hosts that an operator has named: they may be on a private network, and this machine may be asked without TLS. */
  trustedHosts: readonly string[]
  /** Milliseconds for all of it. */
  timeoutMs?: number
  maxBytes?: number
}

export type OutsideAnswer = { status: number; body: unknown }

/** Another server gave no answer that can be used. */
export class OutsideError extends Error {}

/**
 * Asks another server for JSON. Redirects are not followed; a host that nobody named must have a public address, and it
 * is the address connected to that is looked at, so a name that changes its address gains nothing (SSRF, rebinding).
 * @returns the status and the JSON, or undefined as body where it is none
 * @throws OutsideError
 */
export async function askOutside(url: string, options: OutsideRequest): Promise<OutsideAnswer> {
  const { method = 'GET', headers, body, trustedHosts, timeoutMs = 5_000, maxBytes = 256 * 1024 } = options
  const target = URL.parse(url)
  if (!target) throw new OutsideError('No URL')
  const isTrusted = trustedHosts.includes(target.host)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const isAllowed =
    target.protocol === 'https:' || (isTrusted && target.protocol === 'http:' && isLoopback(target.hostname))
  if (!isAllowed || (!isTrusted && isIP(host) && isPrivate(host)))
    throw new OutsideError(`${target.origin} may not be asked`)
  try {
    const text = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(
        target,
        {
          method,
          headers: { Accept: 'application/json', ...headers },
          signal: AbortSignal.timeout(timeoutMs),
          ...(!isTrusted && { lookup: publicLookup }),
        },
        (response) => {
          const chunks: Buffer[] = []
          let length = 0
          response.on('data', (chunk: Buffer) => {
            length += chunk.length
            if (length > maxBytes) request.destroy(new Error('The answer is too large'))
            else chunks.push(chunk)
          })
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
          })
          response.on('error', reject)
        },
      )
      request.on('error', reject)
      request.end(body)
    })
    return { status: text.status, body: parse(text.text) }
  } catch (cause) {
    throw new OutsideError(`${target.origin} gave no answer`, { cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const found = addresses?.filter(({ address }) => !isPrivate(address)) ?? []
    const first = found[0]
    if (error || !first) callback(error ?? new Error(`${hostname} has no public address`), '', 0)
    else if (options.all) callback(null, found)
    else callback(null, first.address, first.family)
  })
}

const unreachable = new BlockList()
// This machine, private and link-local networks, shared and test ranges, multicast (RFC 6890).
for (const [network, prefix] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
  ] as const),
  ...([
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ] as const),
]) {
  unreachable.addSubnet(network, prefix, 'ipv4')
}
// Of IPv6, only global unicast is public; not what leads to IPv4 by another way (6to4, Teredo) or is for examples.
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const) {
  unreachable.addSubnet(network, prefix, 'ipv6')
}

/** True for an address that is not on the public internet, IPv4-mapped ones included. */
export function isPrivate(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return unreachable.check(address, 'ipv4')
  if (family !== 6) return true
  return !globalUnicast.check(address, 'ipv6') || unreachable.check(address, 'ipv6')
}
