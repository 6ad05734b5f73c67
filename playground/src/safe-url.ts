const LINK_PROTOCOLS = ['http:', 'https:', 'mailto:']

/** An address a link may lead to, `https://` put in front of a bare domain; null for anything else. */
export function safeLink(value: string): string | null {
  if (value === '') return null
  const candidate = /^[a-z][a-z0-9+.-]*:/i.test(value) ? value : `https://${value}`
  const url = URL.parse(candidate)
  return url && LINK_PROTOCOLS.includes(url.protocol) ? candidate : null
}

/** Whether an image may be loaded: https, or a picture inside the document itself. */
export function isSafeImage(source: string): boolean {
  return /^data:image\//i.test(source) || URL.parse(source)?.protocol === 'https:'
}
