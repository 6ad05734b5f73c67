import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { diff, type Hunk } from './diff.ts'
import { pairUp } from './pairing.ts'
import { CARRIED, emptyText, type Present, presentChildren, type Wanted, wantedChildren } from './yjs-keys.ts'
import { type Budget, insertText, newBudget, updateText } from './yjs-text.ts'

// y-prosemirror has updateYFragment for this, in the same encoding. It compares children from both ends, so two changes
// far apart rewrite all between them; it replaces one stretch of a text, so a peer's edit between two changed words is
// lost; and it throws on blocks of a hundred thousand children. Here, children are diffed, and the words in a text.

/** More deleted children than this, and the element is replaced: see `Budget`. */
const MAX_DELETED = 1000

/**
 * Inserts all of the new children before what is in them. The ids of siblings then follow each other, and Yjs can merge
 * what is left of them if they are deleted together.
 */
function insert(parent: Y.XmlFragment, index: number, wanted: readonly Wanted[]): void {
  if (wanted.length === 0) return
  const types = wanted.map(({ kind, content }) =>
    content[0] && !content[0].isText ? new Y.XmlElement(kind) : new Y.XmlText(),
  )
  parent.insert(index, types)
  types.forEach((type, at) => {
    const content = wanted[at]?.content ?? []
    if (type instanceof Y.XmlText) insertText(type, content)
    else if (content[0]) {
      for (const [name, value] of Object.entries(content[0].attrs)) {
        if (value !== null) type.setAttribute(name, value)
      }
      insert(type, 0, wantedChildren(content[0]))
    }
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

/** The children of a Yjs element beside those of a node, and where they differ. */
type Plan = { present: readonly Present[]; wanted: readonly Wanted[]; hunks: Hunk[] }

function plan(element: Y.XmlFragment, node: Node): Plan {
  const wanted = wantedChildren(node)
  const all = presentChildren(element, node)
  // A block that loses its last letter keeps its Yjs text: a peer may be writing in it.
  if (node.inlineContent && wanted.length === 0 && all.length > 0) wanted.push(emptyText())
  // Empty paragraphs are not in the Markdown, and stay unless they lie within what is replaced.
  const filled = all.filter(({ blank }) => !blank)
  const emptied = wanted.every(({ blank }) => blank)
  const present = emptied || filled.length === 0 ? all : filled
  const hunks = emptied && filled.length === 0 ? [] : changes(present, wanted)
  return { present, wanted, hunks }
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

/** Changes a child into the wanted one of the same kind. */
function update(parent: Y.XmlFragment, { child, index }: Present, wanted: Wanted, budget: Budget): void {
  const [node] = wanted.content
  if (child instanceof Y.XmlText) updateText(child, wanted.content, budget)
  else if (child instanceof Y.XmlElement && node) {
    const planned = plan(child, node)
    const deleted = planned.hunks.reduce((sum, { aStart, aEnd }) => sum + aEnd - aStart, 0)
    if (deleted > MAX_DELETED) {
      parent.delete(index, 1)
      insert(parent, index, [wanted])
      return
    }
    updateAttrs(child, node)
    apply(child, planned, budget)
  }
}

/** Replaces a stretch of children. Works from its end, so that the indexes before stay right. */
function applyHunk(parent: Y.XmlFragment, { present, wanted }: Plan, hunk: Hunk, budget: Budget): void {
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
    insert(parent, aEnd > aStart ? first : before ? before.index + 1 : 0, wanted.slice(bStart, bEnd))
    if (index > 0) update(parent, before as Present, wanted[bStart - 1] as Wanted, budget)
    aEnd = aStart - 1
    bEnd = bStart - 1
  }
}

function apply(element: Y.XmlFragment, planned: Plan, budget: Budget): void {
  for (const hunk of planned.hunks.reverse()) applyHunk(element, planned, hunk, budget)
}

/**
 * Makes the children of a Yjs element read as those of a node, with the least change: what prints the same stays as it
 * is, with everything in it that Markdown cannot carry.
 */
export const updateChildren = (element: Y.XmlFragment, node: Node): void =>
  apply(element, plan(element, node), newBudget())
