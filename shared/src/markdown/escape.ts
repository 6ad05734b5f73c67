import { mayPause, type Steps } from '../steps.ts'
import { htmlEnd, startsHtmlBlock } from './html.ts'

/** Where a text stands, as far as that decides what must be escaped in it. */
export type TextContext = {
  /** The text begins a line in which blocks can start. */
  lineStart: boolean
  /** The text begins a bullet item, where `[ ]` is a task. */
  itemStart: boolean
  inLink: boolean
  /** A line that cannot break (a heading, a cell): `<br>` is a hard break. */
  oneLine: boolean
  /** A dollar sign may pair with another in the same block. */
  dollars: boolean
  /** The block holds `]:`, so that a leading `[` could define a reference. */
  definition: boolean
  /** What follows opens with `[`: an `!` before it would make an image. */
  beforeLink: boolean
  /** The character at this end is written as a character reference. */
  encodeFirst: boolean
  encodeLast: boolean
}

const SPECIAL = /[\\`*_~[\]<&$!]/g
const PUNCTUATION = /[!-/:-@[-`{-~]/
const ENTITY = /&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});/iy
const WORD = /[\p{L}\p{N}]/u
const BREAK = /^<br\s*\/?>$/i

/** A character reference, such as `&#32;`. */
export const encodeChar = (char: string): string => (char === '' ? '' : `&#${char.codePointAt(0)};`)

function escapeDelimiters(run: string, before: string, after: string): string {
  const marker = run[0]
  // Beside spaces, or an underscore within a word, it opens and closes nothing.
  if (marker !== '~' && before === ' ' && after === ' ') return run
  if (marker === '_' && WORD.test(before) && WORD.test(after)) return run
  if (marker === '~' && run.length === 1 && before !== '' && after !== '') return run
  return `\\${marker}`.repeat(run.length)
}

// HTML, an autolink, or an address that goes on in what follows the text.
const ANGLE = /<(?:[A-Za-z/!?]|[^\s<>]*(?:@|$))/y

function opensAngle(text: string, at: number): boolean {
  ANGLE.lastIndex = at
  return ANGLE.test(text)
}

/** Escapes what Markdown would read as inline syntax, and only that. */
function* escapingInline(text: string, context: TextContext): Steps<string> {
  let out = ''
  let copied = 0
  let comments = true
  SPECIAL.lastIndex = 0
  while (SPECIAL.test(text)) {
    let end = SPECIAL.lastIndex
    const at = end - 1
    const char = text.charAt(at)
    // Others may use SPECIAL meanwhile: where it goes on is set below.
    if (mayPause()) yield
    let written = char
    if (char === '*' || char === '_' || char === '~') {
      while (text[end] === char) end++
      const edge = (context.encodeFirst && at <= 2) || (context.encodeLast && end >= text.length - 2)
      const next = end < text.length ? String.fromCodePoint(text.codePointAt(end) as number) : ''
      written = escapeDelimiters(text.slice(at, end), edge ? '' : (text[at - 1] ?? ''), edge ? '' : next)
    } else if (char === '\\') {
      const next = text[end]
      const last = context.encodeLast && end >= text.length - 2
      if (next === undefined || last || PUNCTUATION.test(next)) written = '\\\\'
    } else if (char === '`') written = '\\`'
    else if (char === '[') written = context.inLink ? '\\[' : '['
    else if (char === ']') written = context.inLink || text[end] === '(' ? '\\]' : ']'
    else if (char === '$') written = context.dollars ? '\\$' : '$'
    else if (char === '!') written = context.beforeLink && end === text.length ? '\\!' : '!'
    else if (char === '&') {
      ENTITY.lastIndex = at
      if (ENTITY.test(text)) written = '\\&'
    } else {
      const comment = text.startsWith('<!--', at)
      const tagEnd = comment && !comments ? -1 : htmlEnd(text, at)
      if (comment && tagEnd < 0) comments = false
      const tag = text.slice(at, Math.max(at, tagEnd))
      const literal = (context.oneLine && BREAK.test(tag)) || (at === 0 && context.lineStart && startsHtmlBlock(text))
      if (tagEnd > 0 && !literal) {
        end = tagEnd
        written = tag
      } else if (literal || opensAngle(text, at)) written = '\\<'
    }
    out += text.slice(copied, at) + written
    copied = end
    SPECIAL.lastIndex = end
  }
  return out + text.slice(copied)
}

/** Escapes what would start a block at the beginning of a line, given the line's text before and after escaping. */
function escapeLineStart(raw: string, escaped: string, context: TextContext): string {
  const number = /^(\d{1,9})[.)](?=\s|$)/.exec(raw)?.[1]
  if (number !== undefined) return `${number}\\${escaped.slice(number.length)}`
  if (raw.startsWith('[') && escaped.startsWith('[')) {
    const task = context.itemStart && /^\[[ xX]\](?:\s|$)/.test(raw)
    return task || (context.definition && !raw.startsWith('[^')) ? `\\${escaped}` : escaped
  }
  const starts = /^(?:>|#{1,6}(?:\s|$)|[-+](?:\s|$)|-+\s*$|(?:-\s*){3,}$|=+\s*$|[|:-][|:\-\s]*$)/.test(raw)
  return starts ? `\\${escaped}` : escaped
}

/** Writes text so that Markdown reads back the same text. */
export function* escapingText(text: string, context: TextContext): Steps<string> {
  const first = context.encodeFirst ? String.fromCodePoint(text.codePointAt(0) ?? 0) : ''
  if (context.encodeFirst && first.length === text.length) return encodeChar(text)
  const last = context.encodeLast ? lastChar(text) : ''
  const middle = text.slice(first.length, text.length - last.length)
  const inner = yield* escapingInline(text, context)
  // The ends are letters or spaces, which escape to themselves.
  const body = inner.slice(first.length, inner.length - last.length)
  const escaped = context.lineStart && first === '' ? escapeLineStart(middle, body, context) : body
  return encodeChar(first) + escaped + encodeChar(last)
}

/** The last character, whole if it takes two UTF-16 units. */
export function lastChar(text: string): string {
  const pair = text.length > 1 && (text.codePointAt(text.length - 2) ?? 0) > 0xffff
  return text.slice(pair ? -2 : -1)
}
