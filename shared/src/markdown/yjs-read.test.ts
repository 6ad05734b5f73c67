import { prosemirrorToYXmlFragment } from '@tiptap/y-tiptap'
import { expect } from 'chai'
import * as Y from 'yjs'
import { printMarkdown } from './print.ts'
import { RandomDocument, seeds } from './testing-documents.ts'
import { element, fragmentOf, updatesOf } from './testing-yjs.ts'
import { readDocument, readMarkdown, writeMarkdown } from './yjs.ts'

describe('readMarkdown', () => {
  it('reads what an editor writes', () => {
    for (const seed of seeds(100)) {
      const made = new RandomDocument(seed).document()
      const doc = new Y.Doc()
      prosemirrorToYXmlFragment(made, fragmentOf(doc))
      expect(readMarkdown(doc), `seed ${seed}`).to.equal(printMarkdown(made))
    }
  })

  it('reads an empty document as nothing', () => {
    expect(readMarkdown(new Y.Doc())).to.equal('')
  })

  it('gives no NUL and no lone surrogate', () => {
    const doc = new Y.Doc()
    fragmentOf(doc).insert(0, [element('paragraph', [new Y.XmlText('a\0b \ud83d c')])])
    expect(readMarkdown(doc)).to.equal('a\ufffdb \ufffd c')
  })

  describe('of content that the schema does not know', () => {
    const cases: [name: string, children: () => (Y.XmlElement | Y.XmlText)[], markdown: string][] = [
      ['an unknown block', () => [element('callout', [element('paragraph', [new Y.XmlText('a')])])], 'a'],
      [
        'an unknown block of several lines',
        () => [
          element('callout', [element('title', [new Y.XmlText('a')]), element('paragraph', [new Y.XmlText('b')])]),
        ],
        'a\\\nb',
      ],
      [
        'an unknown inline node',
        () => [element('paragraph', [new Y.XmlText('a '), element('mention', [new Y.XmlText('@b')])])],
        'a @b',
      ],
      ['a text without a block', () => [new Y.XmlText('a')], 'a'],
      ['a list item without a list', () => [element('listItem', [element('paragraph', [new Y.XmlText('a')])])], '- a'],
      ['a text in a list', () => [element('bulletList', [new Y.XmlText('a')])], '- a'],
      [
        'a cell without a table',
        () => [element('tableCell', [element('paragraph', [new Y.XmlText('a')])])],
        '| a |\n| --- |',
      ],
      ['a document in a document', () => [element('doc', [element('paragraph', [new Y.XmlText('a')])])], 'a'],
      ['a block within a line', () => [element('heading', [element('blockquote', [new Y.XmlText('a')])])], '# a'],
      [
        'an item that starts with a list',
        () => [element('bulletList', [element('listItem', [element('bulletList')])])],
        '- *',
      ],
      ['a level out of range', () => [element('heading', [new Y.XmlText('a')], { level: 99 })], '# a'],
      [
        'attributes of other types',
        () => [element('codeBlock', [new Y.XmlText('a')], { language: { a: 1 } })],
        '```\na\n```',
      ],
      [
        'objects that cannot become text',
        () => [
          element('orderedList', [], { start: { valueOf: 1, toString: 1 } }),
          element('heading', [], { level: [] }),
        ],
        '1.\n\n#',
      ],
    ]
    for (const [name, children, markdown] of cases) {
      it(`reads ${name}, and leaves it there`, () => {
        const doc = new Y.Doc()
        fragmentOf(doc).insert(0, children())
        const before = Y.encodeStateAsUpdate(doc)
        expect(readMarkdown(doc)).to.equal(markdown)
        readDocument(doc).check()
        expect(Y.encodeStateAsUpdate(doc)).to.deep.equal(before)
        expect(updatesOf(doc, () => writeMarkdown(doc, markdown, null))).to.deep.equal([])
      })
    }

    it('reads text with unknown, overlapping and broken marks', () => {
      const doc = new Y.Doc()
      const text = new Y.XmlText()
      fragmentOf(doc).insert(0, [element('paragraph', [text])])
      text.insert(0, 'a', { comment: { id: 1 }, 'bold--abcdefgh': {} })
      text.insert(1, 'b', { link: 5, bold: null, 'bold--abcdefgh': null, comment: null })
      text.insert(2, 'c', { link: { href: 'javascript:x' }, 'bold--abcdefgh': null, comment: null })
      text.insertEmbed(3, { some: 'object' })
      expect(readMarkdown(doc)).to.equal('**a**bc')
    })

    it('reads what lies too deep for the stack', () => {
      const doc = new Y.Doc()
      // From the outside in: Yjs itself integrates a finished nest by recursion.
      let parent: Y.XmlFragment = fragmentOf(doc)
      for (let depth = 0; depth < 2_000; depth++) {
        const inner = new Y.XmlElement('blockquote')
        parent.insert(0, [inner])
        parent = inner
      }
      parent.insert(0, [element('paragraph', [new Y.XmlText('end')])])
      expect(readMarkdown(doc)).to.include('end')
    })

    it('reads values that are no Yjs types', () => {
      const doc = new Y.Doc()
      fragmentOf(doc).push(['text', 5, { a: 1 }, null, new Y.Map(), new Uint8Array(2)] as never)
      expect(readMarkdown(doc)).to.equal('text')
    })
  })
})
