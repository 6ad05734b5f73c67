/** Where a link leads; an empty title is none. */
export type Link = { href: string; title: string }

const AUTOLINK = /^[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^<>\s\p{Cc}]*$/u
const EMAIL =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/
const ENTITY = /&(?=(?:#\d{1,8}|#x[0-9a-f]{1,8}|[a-z][a-z0-9]{1,31});)/gi

/** `<address>` if the text of a link is its address, else undefined (CommonMark 0.31, section 6.5). */
export function printAutolink(text: string, link: Link): string | undefined {
  if (link.title !== '') return undefined
  const plain = text === link.href && AUTOLINK.test(text)
  const mail = `mailto:${text}` === link.href && EMAIL.test(text)
  return plain || mail ? `<${text}>` : undefined
}

/** A code span, with a fence that does not occur in the text (CommonMark 0.31, section 6.1). */
export function printCode(text: string): string {
  const runs = new Set([...text.matchAll(/`+/g)].map((match) => match[0].length))
  let length = 1
  while (runs.has(length)) length++
  const fence = '`'.repeat(length)
  const spaced = text.startsWith(' ') && text.endsWith(' ') && /[^ ]/.test(text)
  const pads = spaced || text.startsWith('`') || text.endsWith('`')
  return pads ? `${fence} ${text} ${fence}` : fence + text + fence
}

const escapeEntities = (text: string) => text.replace(ENTITY, '\\&')

function printDestination(href: string): string {
  // Line endings cannot stand in an address at all, other controls only within angle brackets.
  const escaped = escapeEntities(href.replace(/[\\<>]/g, '\\$&')).replaceAll('\n', '&#10;')
  const bracketed = href === '' || /[\s\p{Cc}<>]/u.test(href)
  return bracketed ? `<${escaped}>` : escaped.replace(/[()]/g, '\\$&')
}

function printTarget(href: string, title: string): string {
  if (title === '') return href === '' ? '()' : `(${printDestination(href)})`
  const escaped = escapeEntities(title.replace(/[\\"]/g, '\\$&')).replaceAll('\n', '&#10;')
  return `(${printDestination(href)} "${escaped}")`
}

/** What closes the brackets around a link's text. */
export const printLinkEnd = (link: Link): string => `]${printTarget(link.href, link.title)}`

export const printImage = (src: string, alt: string, title: string): string =>
  `![${escapeEntities(alt.replace(/[\\`*_~[\]<$!]/g, '\\$&'))}]${printTarget(src, title)}`

/** `$latex$`, or '' if nothing is left of it. Spaces around it and dollars within it cannot be written. */
export function printInlineMath(latex: string): string {
  const trimmed = latex
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\\.|\$/g, (match) => (match === '$' ? '\\$' : match))
  let slashes = 0
  while (trimmed[trimmed.length - 1 - slashes] === '\\') slashes++
  const body = slashes % 2 === 1 ? trimmed.slice(0, -1).trimEnd() : trimmed
  return body === '' ? '' : `$${body}$`
}
