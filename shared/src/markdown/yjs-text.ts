import type { Node } from 'prosemirror-model'
import type * as Y from 'yjs'
import { diff } from './diff.ts'
import { markName } from './yjs-read.ts'

type Attributes = Record<string, unknown>
type Delta = { insert: unknown; attributes?: Attributes }
type Operation = { retain?: number; insert?: string; delete?: number; attributes?: Attributes }
/** A stretch of text with the same attributes, from its start on. */
type Span = { end: number; attributes: Attributes }

/** The marks that Markdown carries. Others (underline, a newer client's) are left as they are. */
const CARRIED = new Set(['bold', 'italic', 'strike', 'code', 'link'])

// Whole words, and code points otherwise: an edit never splits a surrogate pair, on which Yjs and Yrs diverge.
const TOKEN = /[\p{L}\p{N}\p{M}_]+|[^\S\n]+|./gsu

function spansOf(deltas: readonly Delta[]): { text: string; spans: Span[] } {
  let text = ''
  const spans = deltas.map(({ insert, attributes = {} }) => {
    // An embedded object takes one place.
    text += typeof insert === 'string' ? insert : '\ufffc'
    return { end: text.length, attributes }
  })
  return { text, spans }
}

/** The text nodes of a line as Yjs writes them: marks are attributes by name (y-prosemirror: `marksToAttributes`). */
const deltasOf = (texts: readonly Node[]): Delta[] =>
  texts.map((node) => ({
    insert: node.text,
    attributes: Object.fromEntries(node.marks.map((mark) => [mark.type.name, { ...mark.attrs }])),
  }))

function sameMark(name: string, a: unknown, b: unknown): boolean {
  if (!a || !b) return !a && !b
  if (name !== 'link') return true
  const link = (value: unknown) => value as { href?: unknown; title?: unknown }
  return link(a).href === link(b).href && (link(a).title || null) === (link(b).title || null)
}

/** What to format so that the marks that Markdown carries are the wanted ones. */
function formatting(current: Attributes, wanted: Attributes): Attributes {
  const change: Attributes = {}
  for (const name of CARRIED) {
    if (sameMark(name, current[name], wanted[name])) continue
    change[name] = wanted[name] ?? null
  }
  for (const name of Object.keys(current)) {
    const mark = markName(name)
    if (mark !== name && CARRIED.has(mark) && !wanted[mark]) change[name] = null
    if (mark !== name && wanted[mark]) delete change[mark]
  }
  return change
}

/** Turns a change of words into one of characters, so that a cursor within a changed word stays where it was. */
function narrow(before: string, after: string): { prefix: number; suffix: number } {
  const a = [...before]
  const b = [...after]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return { prefix: a.slice(0, start).join('').length, suffix: a.slice(a.length - end).join('').length }
}

/** The stretches of `current` to replace, in UTF-16 units. */
function textChanges(current: string, wanted: string): { from: number; to: number; start: number; end: number }[] {
  const a = current.match(TOKEN) ?? []
  const b = wanted.match(TOKEN) ?? []
  const offsets = (tokens: readonly string[]) => {
    const all = [0]
    for (const token of tokens) all.push((all.at(-1) ?? 0) + token.length)
    return all
  }
  const inA = offsets(a)
  const inB = offsets(b)
  return diff(a, b).map(({ aStart, aEnd, bStart, bEnd }) => {
    const change = { from: inA[aStart] ?? 0, to: inA[aEnd] ?? 0, start: inB[bStart] ?? 0, end: inB[bEnd] ?? 0 }
    const { prefix, suffix } = narrow(current.slice(change.from, change.to), wanted.slice(change.start, change.end))
    return {
      from: change.from + prefix,
      to: change.to - suffix,
      start: change.start + prefix,
      end: change.end - suffix,
    }
  })
}

/** Finds the stretch at an offset; offsets must not decrease from one call to the next. */
class Cursor {
  index = 0
  readonly spans: readonly Span[]
  constructor(spans: readonly Span[]) {
    this.spans = spans
  }
  at(offset: number): Span {
    while (this.index < this.spans.length - 1 && (this.spans[this.index] as Span).end <= offset) this.index++
    return this.spans[this.index] ?? { end: offset, attributes: {} }
  }
}

/** Writes the least change into a Yjs text that makes it read as these text nodes. */
export function updateText(target: Y.XmlText, texts: readonly Node[]): void {
  const current = spansOf(target.toDelta() as Delta[])
  const wanted = spansOf(deltasOf(texts))
  const before = new Cursor(current.spans)
  const after = new Cursor(wanted.spans)
  const operations: Operation[] = []
  let from = 0
  let start = 0
  const retainTo = (end: number) => {
    while (from < end) {
      const here = before.at(from)
      const there = after.at(start)
      const length = Math.min(end - from, here.end - from, there.end - start)
      const attributes = formatting(here.attributes, there.attributes)
      operations.push(Object.keys(attributes).length > 0 ? { retain: length, attributes } : { retain: length })
      from += length
      start += length
    }
  }
  for (const change of textChanges(current.text, wanted.text)) {
    retainTo(change.from)
    if (change.to > change.from) operations.push({ delete: change.to - change.from })
    from = change.to
    while (start < change.end) {
      const { end, attributes } = after.at(start)
      const until = Math.min(end, change.end)
      operations.push({ insert: wanted.text.slice(start, until), attributes })
      start = until
    }
  }
  retainTo(current.text.length)
  while (operations.length > 0 && Object.keys(operations.at(-1) ?? {}).join() === 'retain') operations.pop()
  if (operations.length > 0) target.applyDelta(operations)
}
