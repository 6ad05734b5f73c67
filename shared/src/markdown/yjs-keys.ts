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

/** What a Yjs child holds or shall hold: one node, or the text nodes of one Yjs text. */
export class Wanted implements Entry {
  readonly kind: string
  readonly content: readonly Node[]
  /** The key is what a block prints as: for the blocks of a document. */
  readonly printed: boolean
  #key: string | undefined

  constructor(kind: string, content: readonly Node[], printed = false) {
    this.kind = kind
    this.content = content
    this.printed = printed
  }

  /** Worked out when asked for: most children of a large document are equal, which is told without printing them. */
  get key(): string {
    this.#key ??= this.printed
      ? this.content.map(printBlock).join('')
      : `${this.kind} ${this.content.map(keyOf).join('')}`
    return this.#key
  }

  /** True if nothing of it is in the Markdown. */
  get blank(): boolean {
    return this.printed && this.content.every((node) => node.textContent.trim() === '') && this.key === ''
  }

  equals(other: Wanted): boolean {
    return (
      this.kind === other.kind &&
      this.content.length === other.content.length &&
      this.content.every((node, index) => node.eq(other.content[index] as Node))
    )
  }
}

/** A child of a Yjs element, with its index there. */
export class Present extends Wanted {
  readonly index: number
  readonly child: YChild

  constructor(child: YChild, index: number, content: readonly Node[], printed: boolean) {
    super(kindOf(child), content, printed)
    this.child = child
    this.index = index
  }
}

const kindOf = (child: YChild): string =>
  child instanceof Y.XmlText ? TEXT : child instanceof Y.XmlElement ? child.nodeName : '#other'

/** An empty text, for a block that has lost its content. */
export const emptyText = (): Wanted => new Wanted(TEXT, [])

/** The inline content of a block, neighbouring text nodes together, as one Yjs text holds them. */
function wantedInline(parent: Node): Wanted[] {
  const groups: Node[][] = []
  for (const node of parent.children) {
    const last = groups.at(-1)
    if (node.isText && last?.[0]?.isText) last.push(node)
    else groups.push([node])
  }
  return groups.map((content) => new Wanted(content[0]?.isText ? TEXT : (content[0]?.type.name ?? TEXT), content))
}

/** What the children of a Yjs element shall be, so that it reads as `parent`. */
export const wantedChildren = (parent: Node): Wanted[] =>
  parent.inlineContent
    ? wantedInline(parent)
    : parent.children.map((node) => new Wanted(node.type.name, [node], parent.type === nodes.doc))

/** The children of the Yjs element that shall become `parent`. */
export function presentChildren(element: Y.XmlFragment, parent: Node): Present[] {
  return (element.toArray() as YChild[]).flatMap((child, index) => {
    if (parent.inlineContent) return [new Present(child, index, readInline(child, parent.type), false)]
    const node = readChild(child, parent.type)
    return node ? [new Present(child, index, [node], parent.type === nodes.doc)] : []
  })
}
