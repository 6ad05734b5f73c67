import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import type { Transport } from './transport.ts'

const timeouts = { dnsTimeout: 5_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/**
 * Sends over SMTP; `smtps:` is TLS from the start, `smtp:` becomes TLS where the server offers it. A password never
 * leaves this machine without TLS.
 */
export function smtp(href: string): Transport {
  const url = new URL(href)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'smtps:'
  const transport = createTransport({
    host,
    port: Number(url.port || (secure ? 465 : 587)),
    secure,
    requireTLS: url.password !== '' && !isLoopback(host),
    ...(url.username && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    ...timeouts,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return async ({ to, ...mail }) => {
    // As an object it is one address, whatever it holds.
    await transport.sendMail({ ...mail, to: { name: '', address: to } })
    return url.host
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
