import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import type { Entry } from './pairing.ts'
import { printBlock } from './print.ts'
import { printInline } from './print-inline.ts'
import { nodes } from './schema.ts'
import { readChild, readInline, type YChild } from './yjs-read.ts'

/** The attributes that Markdown carries, and spans, which a rewritten table loses. Others are left as they are. */
export const CARRIED = [
  'level',
  'language',
  'start',
  'checked',
  'latex',
  'src',
  'alt',
  'title',
  'href',
  'linkTitle',
  'align',
  'colspan',
  'rowspan',
]

/** A child of a Yjs element, with its index there. `blank` prints as nothing. */
export type Present = Entry & { index: number; child: YChild; blank: boolean }
/** What a Yjs child shall hold: one node, or the text nodes of one Yjs text. */
export type Wanted = Entry & { content: Node | Node[] }

const TEXT = '#text'

const attrsKey = (node: Node) =>
  JSON.stringify(CARRIED.filter((name) => name in node.attrs).map((name) => node.attrs[name] || null))

/** Two nodes of the same kind with the same key are the same to Markdown. */
function keyOf(node: Node): string {
  if (node.isText) return JSON.stringify([node.text, node.marks])
  if (node.type === nodes.codeBlock) return attrsKey(node) + node.textContent
  if (node.isTextblock) return attrsKey(node) + printInline(node)
  return `${attrsKey(node)}[${node.children.map((child) => child.type.name + keyOf(child)).join('\n')}]`
}

const inlineKey = (kind: string, content: readonly Node[]) => `${kind} ${content.map(keyOf).join('')}`

/** Blocks of the document are compared as they print; what they hold, more closely. */
const blockKey = (node: Node, parent: Node, kind: string) =>
  parent.type === nodes.doc ? printBlock(node) : `${kind} ${keyOf(node)}`

/** The inline content of a block, neighbouring text nodes together, as one Yjs text holds them. */
function wantedInline(parent: Node): Wanted[] {
  const groups: (Node | Node[])[] = []
  for (const node of parent.children) {
    const last = groups.at(-1)
    if (node.isText && Array.isArray(last)) last.push(node)
    else groups.push(node.isText ? [node] : node)
  }
  return groups.map((content) =>
    Array.isArray(content)
      ? { kind: TEXT, key: inlineKey(TEXT, content), content }
      : { kind: content.type.name, key: inlineKey(content.type.name, [content]), content },
  )
}

/** What the children of a Yjs element shall be, so that it reads as `parent`. */
export const wantedChildren = (parent: Node): Wanted[] =>
  parent.inlineContent
    ? wantedInline(parent)
    : parent.children.map((node) => ({
        kind: node.type.name,
        key: blockKey(node, parent, node.type.name),
        content: node,
      }))

const kindOf = (child: YChild): string =>
  child instanceof Y.XmlText ? TEXT : child instanceof Y.XmlElement ? child.nodeName : '#other'

/** The children of the Yjs element that shall become `parent`. */
export function presentChildren(element: Y.XmlFragment, parent: Node): Present[] {
  return (element.toArray() as YChild[]).flatMap((child, index): Present[] => {
    const kind = kindOf(child)
    if (parent.inlineContent) {
      return [{ kind, key: inlineKey(kind, readInline(child, parent.type)), index, child, blank: false }]
    }
    const node = readChild(child, parent.type)
    if (!node) return []
    const key = blockKey(node, parent, kind)
    return [{ kind, key, index, child, blank: key === '' && parent.type === nodes.doc }]
  })
}
