import type { Mark, Node } from 'prosemirror-model'
import { seededRandom } from '../random.ts'
import { printMarkdown } from './print.ts'
import { nodes, schema } from './schema.ts'
import { ADDRESSES, LATEX, SYNTAX, TITLES, WORDS } from './testing-words.ts'

/** Makes documents of the editor's schema at random, for property tests: the same for the same seed. */
export class RandomDocument {
  readonly random: () => number

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  int(below: number): number {
    return Math.floor(this.random() * below)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)] as T
  }

  many<T>(from: number, to: number, make: (index: number) => T): T[] {
    return Array.from({ length: from + this.int(to - from + 1) }, (_, index) => make(index))
  }

  words(): string {
    return this.many(1, 3, () => this.pick(WORDS) + (this.chance(0.5) ? ' ' : '')).join('')
  }

  marks(): Mark[] {
    if (this.chance(0.4)) return []
    const chosen = ['bold', 'italic', 'strike', 'code'].filter(() => this.chance(0.3)).map((name) => schema.mark(name))
    if (this.chance(0.15)) chosen.push(schema.mark('link', { href: this.pick(ADDRESSES), title: this.pick(TITLES) }))
    return chosen
  }

  inline(): Node[] {
    return this.many(0, 6, () => {
      const marks = this.marks()
      const kind = this.random()
      if (kind < 0.08) return nodes.hardBreak.create()
      if (kind < 0.13) return nodes.inlineMath.create({ latex: this.pick(LATEX) })
      if (kind < 0.18) {
        const link = this.chance(0.3) ? { href: this.pick(ADDRESSES), linkTitle: this.pick(TITLES) } : {}
        const alt = this.chance(0.3) ? null : this.words().trim()
        return nodes.image.create({ src: this.pick(ADDRESSES), alt, title: this.pick(TITLES), ...link })
      }
      return schema.text(this.words(), marks)
    })
  }

  paragraph(): Node {
    return nodes.paragraph.create(null, this.inline())
  }

  code(): Node {
    const text = this.many(0, 4, () =>
      this.pick(['', 'x = 1', '```', '  ````', '~~~', '---', '\tindented', '# x', '$$', 'a: b']),
    ).join('\n')
    const language = this.pick([null, 'ts', 'a b', 'x`y', '~', 'front-matter', 'a&amp;b\\*'])
    return nodes.codeBlock.create({ language }, text === '' ? null : schema.text(text))
  }

  items(make: () => Node): Node[] {
    return this.many(1, 3, make)
  }

  itemContent(depth: number): Node[] {
    return [
      this.chance(0.85) ? this.paragraph() : nodes.paragraph.create(),
      ...(this.chance(0.3) ? this.blocks(depth, 1, 2) : []),
    ]
  }

  list(depth: number): Node {
    const kind = this.int(3)
    if (kind === 0)
      return nodes.bulletList.create(
        null,
        this.items(() => nodes.listItem.create(null, this.itemContent(depth))),
      )
    if (kind === 1) {
      const start = this.pick([1, 1, 0, 5, 9, 123_456_789])
      return nodes.orderedList.create(
        { start },
        this.items(() => nodes.listItem.create(null, this.itemContent(depth))),
      )
    }
    return nodes.taskList.create(
      null,
      this.items(() => nodes.taskItem.create({ checked: this.chance(0.5) }, this.itemContent(depth))),
    )
  }

  table(): Node {
    const aligns = this.many(1, 3, () => this.pick([null, 'left', 'center', 'right']))
    const row = (header: boolean) =>
      nodes.tableRow.create(
        null,
        aligns.map((align) => (header ? nodes.tableHeader : nodes.tableCell).create({ align }, this.paragraph())),
      )
    return nodes.table.create(null, [row(true), ...this.many(0, 2, () => row(false))])
  }

  block(depth: number): Node {
    const kind = this.random()
    if (depth > 0 && kind < 0.25) return this.list(depth - 1)
    if (depth > 0 && kind < 0.32) return nodes.blockquote.create(null, this.blocks(depth - 1, 1, 3))
    if (kind < 0.42) return nodes.heading.create({ level: 1 + this.int(6) }, this.inline())
    if (kind < 0.5) return this.code()
    if (kind < 0.55) return nodes.horizontalRule.create()
    if (kind < 0.6) return nodes.blockMath.create({ latex: this.pick([...LATEX, 'a\n\nb', '  x', '']) })
    return kind < 0.66 ? this.table() : this.paragraph()
  }

  blocks(depth: number, from: number, to: number): Node[] {
    return this.many(from, to, () => this.block(depth))
  }

  document(): Node {
    return nodes.doc.create(null, this.blocks(3, 1, 6))
  }

  /** Markdown of the document with a few blocks changed, dropped or added, and some words. */
  edited(document: Node): string {
    let blocks = [...document.children]
    for (let edit = 0; edit <= this.int(3); edit++) {
      const at = this.int(blocks.length + 1)
      blocks = this.chance(0.3) ? blocks.toSpliced(at, 1) : blocks.toSpliced(at, this.int(2), this.block(2))
    }
    const markdown = printMarkdown(nodes.doc.create(null, blocks))
    return this.chance(0.5) ? markdown.replace(/\w+/g, (word) => (this.chance(0.1) ? `${word}👍` : word)) : markdown
  }

  /** Text that may or may not be Markdown. */
  markdown(): string {
    return this.many(1, 14, () => (this.chance(0.55) ? this.pick(SYNTAX) : this.words())).join('')
  }
}

/** The seeds of a property test's cases, the same at every run; change the first to try others. */
export const seeds = (count: number, first = 1): number[] => Array.from({ length: count }, (_, index) => first + index)
