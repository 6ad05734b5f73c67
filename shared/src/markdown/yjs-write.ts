import { updateYFragment } from '@tiptap/y-tiptap'
import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { diff, type Hunk } from './diff.ts'
import { pairUp } from './pairing.ts'
import { CARRIED, emptyText, type Present, presentChildren, type Wanted, wantedChildren } from './yjs-keys.ts'
import type { YChild } from './yjs-read.ts'
import { type Budget, newBudget, updateText } from './yjs-text.ts'

// y-prosemirror's updateYFragment compares children from both ends, so two changes far apart rewrite all between them,
// and it replaces one stretch of a text, so a peer's edit between two changed words is lost. It fills new elements here
// (its encoding is the editor's); what exists is changed by a diff of the children, and of the words in a text.

function insert(parent: Y.XmlFragment, index: number, wanted: readonly Wanted[], budget: Budget): void {
  if (wanted.length === 0) return
  const types = wanted.map(({ kind, content }) =>
    content[0] && !content[0].isText ? new Y.XmlElement(kind) : new Y.XmlText(),
  )
  parent.insert(index, types)
  types.forEach((type, at) => {
    const content = wanted[at]?.content ?? []
    if (type instanceof Y.XmlText) updateText(type, content, budget)
    else updateYFragment(parent.doc as Y.Doc, type, content[0], { mapping: new Map(), isOMark: new Map() })
  })
}

function updateAttrs(element: Y.XmlElement, node: Node): void {
  for (const name of CARRIED) {
    if (!(name in node.attrs)) continue
    const value: unknown = node.attrs[name] ?? null
    const current: unknown = element.getAttribute(name) ?? null
    if (current === value) continue
    if (value === null) element.removeAttribute(name)
    else element.setAttribute(name, value as string)
  }
}

function update(child: YChild, content: readonly Node[], budget: Budget): void {
  if (child instanceof Y.XmlText) updateText(child, content, budget)
  else if (child instanceof Y.XmlElement && content[0]) {
    updateAttrs(child, content[0])
    updateChildren(child, content[0], budget)
  }
}

/** Replaces a stretch of children. Works from its end, so that the indexes before stay right. */
function applyHunk(
  parent: Y.XmlFragment,
  present: readonly Present[],
  wanted: readonly Wanted[],
  hunk: Hunk,
  budget: Budget,
): void {
  // Each pair changes a text at least.
  const most = Math.min(hunk.aEnd - hunk.aStart, hunk.bEnd - hunk.bStart)
  const pairs =
    most <= budget.changes ? pairUp(present.slice(hunk.aStart, hunk.aEnd), wanted.slice(hunk.bStart, hunk.bEnd)) : []
  let { aEnd, bEnd } = hunk
  for (let index = pairs.length; index >= 0; index--) {
    const [at, to] = pairs[index - 1] ?? [-1, -1]
    const aStart = hunk.aStart + at + 1
    const bStart = hunk.bStart + to + 1
    const first = present[aStart]?.index ?? 0
    const before = present[aStart - 1]
    if (aEnd > aStart) parent.delete(first, (present[aEnd - 1] as Present).index - first + 1)
    insert(parent, aEnd > aStart ? first : before ? before.index + 1 : 0, wanted.slice(bStart, bEnd), budget)
    if (index > 0) update((before as Present).child, (wanted[bStart - 1] as Wanted).content, budget)
    aEnd = aStart - 1
    bEnd = bStart - 1
  }
}

/** The changes between the children, with those at both ends that are equal left out before any is printed. */
function changes(present: readonly Present[], wanted: readonly Wanted[]): Hunk[] {
  const most = Math.min(present.length, wanted.length)
  const equal = (a: number, b: number) => present[a]?.equals(wanted[b] as Wanted) ?? false
  let start = 0
  while (start < most && equal(start, start)) start++
  let end = 0
  while (end < most - start && equal(present.length - 1 - end, wanted.length - 1 - end)) end++
  const keys = (entries: readonly Wanted[]) => entries.slice(start, entries.length - end).map(({ key }) => key)
  return diff(keys(present), keys(wanted)).map(({ aStart, aEnd, bStart, bEnd }) => ({
    aStart: aStart + start,
    aEnd: aEnd + start,
    bStart: bStart + start,
    bEnd: bEnd + start,
  }))
}

/**
 * Makes the children of a Yjs element read as those of a node, with the least change: what prints the same stays as it
 * is, with everything in it that Markdown cannot carry.
 */
export function updateChildren(element: Y.XmlFragment, node: Node, budget: Budget = newBudget()): void {
  const wanted = wantedChildren(node)
  const all = presentChildren(element, node)
  // A block that loses its last letter keeps its Yjs text: a peer may be writing in it.
  if (node.inlineContent && wanted.length === 0 && all.length > 0) wanted.push(emptyText())
  // Empty paragraphs are not in the Markdown, and stay unless they lie within what is replaced.
  const filled = all.filter(({ blank }) => !blank)
  const emptied = wanted.every(({ blank }) => blank)
  if (emptied && filled.length === 0) return
  const present = emptied || filled.length === 0 ? all : filled
  for (const hunk of changes(present, wanted).reverse()) applyHunk(element, present, wanted, hunk, budget)
}
