import { expect } from 'chai'
import type { Node } from 'prosemirror-model'
import type { Steps } from '../steps.ts'
import { documentText, readingText } from './plain-text.ts'
import { printing, printMarkdown } from './print.ts'
import { nodes, schema } from './schema.ts'
import { RandomDocument, seeds } from './testing-documents.ts'

/** Of two pieces of work, by turns: what each gave, and in how many steps. */
function byTurns<T>(...works: [Steps<T>, Steps<T>]): { results: T[]; steps: number[] } {
  const states = works.map((work) => ({ work, results: [] as T[], steps: 0 }))
  for (let left = works.length; left > 0; ) {
    for (const state of states) {
      if (state.results.length > 0) continue
      state.steps++
      const { done, value } = state.work.next()
      if (!done) continue
      state.results.push(value)
      left--
    }
  }
  return { results: states.flatMap(({ results }) => results), steps: states.map(({ steps }) => steps) }
}

/** What was printed before is known: not so of a copy. */
const copyOf = (doc: Node): Node => schema.nodeFromJSON(doc.toJSON())
const docOf = (block: Node): Node => nodes.doc.create(null, [block])
const many = <T>(make: (i: number) => T): T[] => Array.from({ length: 2_000 }, (_, i) => make(i))
const paragraph = (...content: Node[]): Node => nodes.paragraph.create(null, content)
const text = (content: string, ...marks: string[]): Node =>
  schema.text(
    content,
    marks.map((name) => schema.mark(name)),
  )

const blocks: Record<string, () => Node> = {
  'many marks': () => paragraph(...many((i) => text(`word${i} `, i % 2 ? 'bold' : 'italic'))),
  'many lines': () => paragraph(text(many((i) => `line ${i}`).join('\n'))),
  'much to escape': () => paragraph(text('[a] `b` *c* '.repeat(1_000))),
  'many cells': () =>
    nodes.table.create(
      null,
      many(() => nodes.tableRow.create(null, nodes.tableCell.create(null, paragraph(text('a'))))),
    ),
  'many items': () =>
    nodes.bulletList.create(
      null,
      many(() => nodes.listItem.create(null, paragraph(text('a')))),
    ),
}

describe('work on a document in steps', () => {
  for (const [what, block] of Object.entries(blocks)) {
    it(`can pause within a block of ${what}`, () => {
      const { results, steps } = byTurns(printing(docOf(block())), printing(docOf(block())))
      expect(Math.min(...steps)).to.be.at.least(10)
      const printed = printMarkdown(docOf(block()))
      expect(results).to.deep.equal([printed, printed])
    })
  }

  it('can pause within the words of a block', () => {
    const doc = (): Node => docOf(paragraph(text('word '.repeat(2_000))))
    const { results, steps } = byTurns(readingText(doc()), readingText(doc()))
    expect(Math.min(...steps)).to.be.at.least(10)
    expect(results.map(({ wordCount }) => wordCount)).to.deep.equal([2_000, 2_000])
  })

  it('gives what it gives at once, also where two documents are worked on by turns', () => {
    for (const seed of seeds(20)) {
      const random = new RandomDocument(seed)
      const block = (): Node =>
        random.pick([nodes.paragraph, nodes.heading]).create(null, random.many(100, 200, () => random.inline()).flat())
      const docs: [Node, Node] = [docOf(block()), docOf(block())]
      const [a, b] = docs
      const printed = byTurns(printing(a), printing(b))
      const read = byTurns(readingText(a), readingText(b))
      expect(Math.max(...printed.steps), `seed ${seed}`).to.be.at.least(5)
      expect(printed.results, `seed ${seed}`).to.deep.equal(docs.map((doc) => printMarkdown(copyOf(doc))))
      expect(read.results, `seed ${seed}`).to.deep.equal(docs.map((doc) => documentText(copyOf(doc))))
    }
  })
})
