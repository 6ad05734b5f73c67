import { createHash } from 'node:crypto'

/** An entity tag (RFC 9110, section 8.8.3); `value` is without its quotes. */
type EntityTag = { weak: boolean; value: string }

/** A strong entity tag, ready for the header. `value` must hold no quote. */
export const strongTag = (value: string): string => `"${value}"`

/** A weak entity tag for a representation that has no better one. */
export function weakTagOf(body: string): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}

/** If-None-Match (RFC 9110, section 13.1.2): weak comparison, lists, and `*`. True means 304 for a GET. */
export function matchesWeakly(header: string | undefined, etag: string): boolean {
  const wanted = parseTags(header)
  return wanted === '*' || wanted.some((tag) => tag.value === parseTag(etag)?.value)
}

/** If-Match (section 13.1.1): strong comparison, lists, and `*`. False means 412. */
export function matchesStrongly(header: string, etag: string): boolean {
  const wanted = parseTags(header)
  const own = parseTag(etag)
  return wanted === '*' || wanted.some((tag) => !tag.weak && !own?.weak && tag.value === own?.value)
}

/** True for a condition that names no representation, only that there is one. */
export const isAny = (header: string): boolean => parseTags(header) === '*'

function parseTags(header: string | undefined): EntityTag[] | '*' {
  if (!header) return []
  if (header.trim() === '*') return '*'
  return [...header.matchAll(/(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g)].map(([, weak, value = '']) => ({
    weak: weak !== undefined,
    value,
  }))
}

function parseTag(etag: string): EntityTag | undefined {
  const tags = parseTags(etag)
  return tags === '*' ? undefined : tags[0]
}
