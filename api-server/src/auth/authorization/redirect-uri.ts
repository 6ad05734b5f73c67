/** The literal loopback addresses of RFC 8252, section 7.3; not `localhost`, which may be looked up (section 8.3). */
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\])):([1-9]\d{0,4})(\/.*)?$/

/**
 * True where a client may be sent there: it is written in the list as it stands, or it is a loopback address with any
 * port, and is in the list without one. Compared as text: what is not the same, to the letter, is another place.
 */
export function isAllowedRedirect(uri: string, allowed: readonly string[]): boolean {
  if (allowed.includes(uri)) return true
  const [, host, port, path = ''] = loopback.exec(uri) ?? []
  return host !== undefined && Number(port) <= 65_535 && allowed.includes(host + path)
}

/** The address with the parameters of an answer added (RFC 6749, section 4.1.2). */
export function withParameters(uri: string, parameters: Record<string, string | undefined>): string {
  const url = new URL(uri)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

/** What `form-action` must allow, for browsers hold the redirect after a form against it. It knows no IPv6 address. */
export function redirectSource(uri: string): string {
  const { protocol, origin, hostname } = new URL(uri)
  return protocol === 'http:' && !hostname.startsWith('[') ? origin : protocol
}
