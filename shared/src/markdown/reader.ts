import type { Node } from 'prosemirror-model'
import type * as Y from 'yjs'
import type { Steps } from '../steps.ts'
import { nodes } from './schema.ts'
import { FIELD } from './yjs.ts'
import { readChild, type YChild } from './yjs-read.ts'

/**
 * Reads a live document again and again, and each time only the blocks that changed since: the others are the same
 * nodes as before, which `printMarkdown` need not print again either. Reads exactly what `readDocument` reads.
 */
export class DocumentReader {
  private readonly fragment: Y.XmlFragment
  private readonly blocks = new WeakMap<object, Node | null>()
  /** Of texts that stand in no element, which no editor writes: Yjs gives them character by character. */
  private characters = new Map<string, Node | null>()

  constructor(doc: Y.Doc) {
    this.fragment = doc.getXmlFragment(FIELD)
    this.fragment.observeDeep((events) => {
      for (const { target } of events) this.forget(target)
    })
  }

  read(): Node {
    const before = this.characters
    this.characters = new Map()
    const blocks = (this.fragment.toArray() as YChild[])
      .map((child) => this.readBlock(child, before))
      .filter((node) => node !== null)
    return nodes.doc.create(null, blocks.length > 0 ? blocks : nodes.paragraph.create())
  }

  /** Reads what the next `read` will then find done, block by block; blocks may change meanwhile. */
  *reading(): Steps<void> {
    for (const child of this.fragment.toArray() as YChild[]) {
      this.readBlock(child, this.characters)
      yield
    }
  }

  private readBlock(child: YChild, characters: Map<string, Node | null>): Node | null {
    if (typeof child === 'string') return this.readCharacter(child, characters)
    if (typeof child !== 'object' || child === null) return null
    const known = this.blocks.get(child)
    if (known !== undefined) return known
    const node = readChild(child, nodes.doc)
    this.blocks.set(child, node)
    return node
  }

  private readCharacter(character: string, known: Map<string, Node | null>): Node | null {
    const node = this.characters.get(character) ?? known.get(character) ?? readChild(character, nodes.doc)
    this.characters.set(character, node)
    return node
  }

  /** The block that the changed type lies in. */
  private forget(changed: Y.AbstractType<unknown>): void {
    for (let type: Y.AbstractType<unknown> | null = changed; type && type !== this.fragment; type = parentOf(type)) {
      this.blocks.delete(type)
    }
  }
}

const parentOf = (type: Y.AbstractType<unknown>): Y.AbstractType<unknown> | null =>
  type.parent as Y.AbstractType<unknown> | null
