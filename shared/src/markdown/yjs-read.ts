import { type Attrs, Fragment, type Mark, type Node, type NodeType } from 'prosemirror-model'
import * as Y from 'yjs'
import { nodes, schema } from './schema.ts'

// A document may hold what this schema does not know: a newer or a hostile client wrote it. y-prosemirror deletes such
// content while it reads (createNodeFromYElement), so it is read here, and degrades to its text.

/** Deeper elements count as their text. Well above what the editor makes, well below what the stack holds. */
const MAX_DEPTH = 150

/** A child of a Yjs fragment: an element, a text, or whatever else a client may have put there. */
export type YChild = unknown

/** Marks of a type that may overlap itself carry a hash in their name (y-prosemirror: `marksToAttributes`). */
export const markName = (attribute: string): string => attribute.replace(/--[a-zA-Z0-9+/=]{8}$/, '')

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The text of a Yjs type with everything in it; each element is a line. Not recursive, so depth does not matter. */
function textOf(child: YChild): string {
  const stack: YChild[] = [child]
  const parts: string[] = []
  while (stack.length > 0) {
    const next = stack.pop()
    if (typeof next === 'string') parts.push(next)
    else if (next instanceof Y.Text)
      for (const { insert } of next.toDelta()) parts.push(typeof insert === 'string' ? insert : '')
    else if (next instanceof Y.XmlFragment) stack.push('\n', ...next.toArray().reverse())
  }
  return parts
    .join('')
    .replace(/\n+/g, '\n')
    .replace(/^\n|\n$/g, '')
}

/** A value of the kind that the attribute's default has; the default if it is of another. */
function attrValue(name: string, value: unknown, type: NodeType): unknown {
  const fallback = type.spec.attrs?.[name]?.default ?? null
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN
  if (name === 'level') return [1, 2, 3, 4, 5, 6].includes(number) ? number : fallback
  if (name === 'checked') return value === true || value === 'true'
  if (['start', 'colspan', 'rowspan'].includes(name)) return Number.isSafeInteger(number) ? number : fallback
  if (['language', 'src', 'alt', 'title', 'href', 'linkTitle', 'latex', 'align'].includes(name)) {
    return typeof value === 'string' || typeof value === 'number' ? String(value) : fallback
  }
  return value
}

function attrsOf(element: Y.XmlElement, type: NodeType): Attrs {
  const attrs: Record<string, unknown> = {}
  for (const name of Object.keys(type.spec.attrs ?? {})) {
    const value: unknown = element.getAttribute(name)
    if (value !== undefined && value !== null) attrs[name] = attrValue(name, value, type)
  }
  return attrs
}

function marksOf(attributes: unknown): Mark[] {
  const marks: Mark[] = []
  for (const [name, value] of Object.entries(isRecord(attributes) ? attributes : {})) {
    const type = schema.marks[markName(name)]
    if (!type || value === null || value === false) continue
    const attrs = isRecord(value) ? value : {}
    if (type.name !== 'link') marks.push(type.create())
    else if (typeof attrs['href'] === 'string') {
      marks.push(
        type.create({ href: attrs['href'], title: typeof attrs['title'] === 'string' ? attrs['title'] : null }),
      )
    }
  }
  return marks.reduce<readonly Mark[]>((set, mark) => mark.addToSet(set), []) as Mark[]
}

const textNodes = (text: string, marks?: readonly Mark[]): Node[] => (text === '' ? [] : [schema.text(text, marks)])

const readText = (text: Y.XmlText, code: boolean): Node[] =>
  text
    .toDelta()
    .flatMap(({ insert, attributes }: { insert: unknown; attributes?: unknown }) =>
      typeof insert === 'string'
        ? textNodes(insert, code ? undefined : marksOf(attributes))
        : textNodes(textOf(insert)),
    )

/** The nodes that stand for a child of a block of text. */
export function readInline(child: YChild, parent: NodeType): Node[] {
  const code = parent === nodes.codeBlock
  if (child instanceof Y.XmlText) return readText(child, code)
  if (child instanceof Y.XmlElement && !code) {
    const type = schema.nodes[child.nodeName]
    if (type?.isInline && !type.isText) return [type.create(attrsOf(child, type))]
  }
  return textNodes(textOf(child))
}

/** What a container holds: `wrap` puts anything else into the kind of node it must be. */
const CONTENT: { type: NodeType; holds: NodeType[]; wrap: (block: Node) => Node }[] = [
  { type: nodes.bulletList, holds: [nodes.listItem], wrap: (block) => itemOf(nodes.listItem, {}, [block]) },
  { type: nodes.orderedList, holds: [nodes.listItem], wrap: (block) => itemOf(nodes.listItem, {}, [block]) },
  { type: nodes.taskList, holds: [nodes.taskItem], wrap: (block) => itemOf(nodes.taskItem, {}, [block]) },
  { type: nodes.table, holds: [nodes.tableRow], wrap: (block) => nodes.tableRow.create(null, cellOf(block)) },
  { type: nodes.tableRow, holds: [nodes.tableHeader, nodes.tableCell], wrap: (block) => cellOf(block) },
]

const cellOf = (block: Node): Node => nodes.tableCell.create(null, block)

/** An item must start with a paragraph. */
function itemOf(type: NodeType, attrs: Attrs, blocks: Node[]): Node {
  const starts = blocks[0]?.type === nodes.paragraph
  return type.create(attrs, starts ? blocks : [nodes.paragraph.create(), ...blocks])
}

/** A part of a list or table that stands outside of one, in one of its own. */
function asBlock(node: Node): Node {
  switch (node.type) {
    case nodes.listItem:
      return nodes.bulletList.create(null, node)
    case nodes.taskItem:
      return nodes.taskList.create(null, node)
    case nodes.tableRow:
      return nodes.table.create(null, node)
    case nodes.tableCell:
    case nodes.tableHeader:
      return nodes.table.create(null, nodes.tableRow.create(null, node))
    default:
      return node.isInline ? nodes.paragraph.create(null, node) : node
  }
}

function readElement(element: Y.XmlElement, type: NodeType, depth: number): Node {
  const attrs = attrsOf(element, type)
  const children = element.toArray() as YChild[]
  if (type.isLeaf) return type.create(attrs)
  if (type.inlineContent) {
    return type.create(attrs, Fragment.fromArray(children.flatMap((child) => readInline(child, type))))
  }
  const read = children.map((child) => readChild(child, type, depth + 1)).filter((node) => node !== null)
  if (type === nodes.listItem || type === nodes.taskItem) return itemOf(type, attrs, read)
  return type.create(attrs, read.length > 0 ? read : type.createAndFill()?.content)
}

/**
 * Reads one child of a Yjs fragment or element as exactly one node that `parent` may hold; null if nothing is there.
 * Unknown elements and misplaced content become a paragraph of their text. Never writes to the document.
 */
export function readChild(child: YChild, parent: NodeType, depth = 0): Node | null {
  const known = child instanceof Y.XmlElement && depth < MAX_DEPTH ? schema.nodes[child.nodeName] : undefined
  const place = CONTENT.find(({ type }) => type === parent)
  let node: Node | null = null
  if (child instanceof Y.XmlElement && known && known !== nodes.doc && !known.isText) {
    node = readElement(child, known, depth)
  } else if (child instanceof Y.XmlText) {
    node = nodes.paragraph.create(null, readText(child, false))
  } else if (typeof child === 'string' || child instanceof Y.XmlFragment) {
    node = nodes.paragraph.create(null, textNodes(textOf(child)))
  }
  if (!node || place?.holds.includes(node.type)) return node
  const block = asBlock(node)
  return place ? place.wrap(block) : block
}

/** Reads a fragment as a document. Each of its children is one block, in order. Never writes to it, never throws. */
export function readFragment(fragment: Y.XmlFragment): Node {
  const blocks = (fragment.toArray() as YChild[])
    .map((child) => readChild(child, nodes.doc))
    .filter((node) => node !== null)
  return nodes.doc.create(null, blocks.length > 0 ? blocks : nodes.paragraph.create())
}
