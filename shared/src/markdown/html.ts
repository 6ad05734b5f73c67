// HTML is kept as the text it is. The parser and the printer share these matchers, so that what one takes as HTML,
// the other prints untouched.

const ATTRIBUTE = '(?:\\s+[a-zA-Z_:][a-zA-Z0-9:._-]*(?:\\s*=\\s*(?:[^"\'=<>`\\x00-\\x20]+|\'[^\']*\'|"[^"]*"))?)'
const OPEN = `<[A-Za-z][A-Za-z0-9-]*${ATTRIBUTE}*\\s*\\/?>`
const CLOSE = '<\\/[A-Za-z][A-Za-z0-9-]*\\s*>'
const TAG = new RegExp(`${OPEN}|${CLOSE}`, 'y')

const BLOCKS =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|' +
  'fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hr|html|iframe|legend|li|link|' +
  'main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|' +
  'title|tr|track|ul'

/** How an HTML block starts and ends; `null` ends at a blank line (CommonMark 0.31, section 4.6, in its order). */
const KINDS: { start: RegExp; end: RegExp | null; interrupts: boolean }[] = [
  {
    start: /^<(?:script|pre|style|textarea)(?=\s|>|$)/i,
    end: /<\/(?:script|pre|style|textarea)>/i,
    interrupts: true,
  },
  { start: /^<!--/, end: /-->/, interrupts: true },
  { start: /^<\?/, end: /\?>/, interrupts: true },
  { start: /^<![A-Za-z]/, end: />/, interrupts: true },
  { start: /^<!\[CDATA\[/, end: /\]\]>/, interrupts: true },
  { start: new RegExp(`^</?(?:${BLOCKS})(?=\\s|/?>|$)`, 'i'), end: null, interrupts: true },
  { start: new RegExp(`^(?:${OPEN}|${CLOSE})\\s*$`), end: null, interrupts: false },
]

/** The end of the tag or comment that starts at `text[from]`, or -1 (CommonMark 0.31, section 6.6). */
export function htmlEnd(text: string, from: number): number {
  if (text.startsWith('<!--', from)) {
    if (text.startsWith('>', from + 4)) return from + 5
    if (text.startsWith('->', from + 4)) return from + 6
    const end = text.indexOf('-->', from + 4)
    return end < 0 ? -1 : end + 3
  }
  TAG.lastIndex = from
  return TAG.test(text) ? TAG.lastIndex : -1
}

/** True if a line starts an HTML block; `interrupting` leaves out the kind that cannot break a paragraph. */
export const startsHtmlBlock = (line: string, interrupting = false): boolean =>
  line.startsWith('<') && KINDS.some((kind) => (kind.interrupts || !interrupting) && kind.start.test(line))

/**
 * How many lines the HTML block takes that starts with the first line, or 0 if none starts there. `lineAt` answers
 * a line without its indentation, or undefined where the block's container ends. `closed` tells whether the block has
 * met its own end, as one that runs to the end of its container has not.
 */
export function htmlBlock(lineAt: (index: number) => string | undefined): { lines: number; closed: boolean } {
  const first = lineAt(0) ?? ''
  const kind = first.startsWith('<') ? KINDS.find(({ start }) => start.test(first)) : undefined
  if (!kind) return { lines: 0, closed: false }
  for (let lines = 0; ; lines++) {
    const line = lineAt(lines)
    if (line === undefined) return { lines, closed: kind.end === null }
    if (kind.end === null && line === '') return { lines, closed: true }
    if (kind.end?.test(line)) return { lines: lines + 1, closed: true }
  }
}
