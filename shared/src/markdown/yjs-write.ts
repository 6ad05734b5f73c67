import { updateYFragment } from '@tiptap/y-tiptap'
import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { diff, type Hunk } from './diff.ts'
import { pairUp } from './pairing.ts'
import { nodes } from './schema.ts'
import { CARRIED, type Present, presentChildren, type Wanted, wantedChildren } from './yjs-keys.ts'
import type { YChild } from './yjs-read.ts'
import { type Budget, newBudget, updateText } from './yjs-text.ts'

// y-prosemirror's updateYFragment compares children from both ends, so two changes far apart rewrite all between them,
// and it replaces one stretch of a text, so a peer's edit between two changed words is lost. It fills new elements here
// (its encoding is the editor's); what exists is changed by a diff of the children, and of the words in a text.

function insert(parent: Y.XmlFragment, index: number, wanted: readonly Wanted[], budget: Budget): void {
  if (wanted.length === 0) return
  const types = wanted.map(({ content }) =>
    Array.isArray(content) ? new Y.XmlText() : new Y.XmlElement(content.type.name),
  )
  parent.insert(index, types)
  types.forEach((type, at) => {
    const content = wanted[at]?.content
    if (type instanceof Y.XmlText) updateText(type, content as Node[], budget)
    else updateYFragment(parent.doc as Y.Doc, type, content, { mapping: new Map(), isOMark: new Map() })
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

function update(child: YChild, content: Node | Node[], budget: Budget): void {
  if (Array.isArray(content)) updateText(child as Y.XmlText, content, budget)
  else {
    updateAttrs(child as Y.XmlElement, content)
    updateChildren(child as Y.XmlElement, content, budget)
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
  const pairs = pairUp(present.slice(hunk.aStart, hunk.aEnd), wanted.slice(hunk.bStart, hunk.bEnd))
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

/**
 * Makes the children of a Yjs element read as those of a node, with the least change: what prints the same stays as it
 * is, with everything in it that Markdown cannot carry.
 */
export function updateChildren(element: Y.XmlFragment, node: Node, budget: Budget = newBudget()): void {
  const wanted = wantedChildren(node)
  const all = presentChildren(element, node)
  // A block that loses its last letter keeps its Yjs text: a peer may be writing in it.
  if (node.inlineContent && wanted.length === 0 && all.length > 0) wanted.push({ kind: '#text', key: '', content: [] })
  // Empty paragraphs are not in the Markdown, and stay unless they lie within what is replaced.
  const filled = all.filter(({ blank }) => !blank)
  const emptied = node.type === nodes.doc && wanted.every(({ key }) => key === '')
  if (emptied && filled.length === 0) return
  const present = emptied || filled.length === 0 ? all : filled
  const keys = (entries: readonly (Present | Wanted)[]) => entries.map(({ key }) => key)
  for (const hunk of diff(keys(present), keys(wanted)).reverse()) applyHunk(element, present, wanted, hunk, budget)
}
