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

/** `current[from, to)` becomes `wanted[start, end)`, in UTF-16 units. */
type Change = { from: number; to: number; start: number; end: number }

/** Below this share of a text that stays, it is replaced as a whole: scraps between new words are no one's text. */
const MIN_KEPT = 0.5

/** One change of those that only white space lies between, or of all if little else stays. */
function mergeChanges(changes: readonly Change[], current: string, wanted: string): Change[] {
  const merged: Change[] = []
  let kept = 0
  for (const change of changes) {
    const last = merged.at(-1)
    const between = current.slice(last?.to ?? 0, change.from)
    kept += between.length
    if (last && between.trim() === '') merged[merged.length - 1] = { ...last, to: change.to, end: change.end }
    else merged.push(change)
  }
  const [first] = merged
  const last = merged.at(-1)
  if (!first || !last || merged.length < 3) return merged
  kept += current.length - last.to
  if (kept >= MIN_KEPT * Math.max(current.length, wanted.length)) return merged
  return [{ from: first.from, to: last.to, start: first.start, end: last.end }]
}

/** How many more changes a write may make within texts; then texts and blocks are replaced as wholes. */
export type Budget = { changes: number }

/**
 * Enough for any edit by hand. Yjs keeps all that a client wrote in one array and moves its tail for each cut and each
 * deletion (`findIndexCleanStart`, `tryToMergeWithLefts`), so tens of thousands of them in a large document would hold
 * the server for many seconds.
 */
export const newBudget = (): Budget => ({ changes: 2000 })

function textChanges(current: string, wanted: string, budget: Budget): Change[] {
  const whole = { from: 0, to: current.length, start: 0, end: wanted.length }
  if (current === wanted) return []
  if (current === '' || wanted === '' || budget.changes <= 0) return [whole]
  const a = current.match(TOKEN) ?? []
  const b = wanted.match(TOKEN) ?? []
  const offsets = (tokens: readonly string[]) => {
    const all = [0]
    for (const token of tokens) all.push((all.at(-1) ?? 0) + token.length)
    return all
  }
  const inA = offsets(a)
  const inB = offsets(b)
  const at = (all: readonly number[], index: number) => all[index] ?? 0
  const changes = diff(a, b).map(({ aStart, aEnd, bStart, bEnd }) => ({
    ...{ from: at(inA, aStart), to: at(inA, aEnd) },
    ...{ start: at(inB, bStart), end: at(inB, bEnd) },
  }))
  const merged = mergeChanges(changes, current, wanted)
  if (merged.length > budget.changes) return [whole]
  budget.changes -= merged.length
  return merged.map(({ from, to, start, end }) => {
    const { prefix, suffix } = narrow(current.slice(from, to), wanted.slice(start, end))
    return { from: from + prefix, to: to - suffix, start: start + prefix, end: end - suffix }
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

/** Fills a new Yjs text. */
export function insertText(target: Y.XmlText, texts: readonly Node[]): void {
  target.applyDelta(deltasOf(texts))
}

/** Writes the least change into a Yjs text that makes it read as these text nodes. */
export function updateText(target: Y.XmlText, texts: readonly Node[], budget: Budget): void {
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
  for (const change of textChanges(current.text, wanted.text, budget)) {
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
