import { expect } from 'chai'
import type { Node } from 'prosemirror-model'
import { parseMarkdown } from './parse.ts'
import { printMarkdown } from './print.ts'
import { FRONT_MATTER, nodes, schema } from './schema.ts'
import { content } from './testing-content.ts'
import { RandomDocument, seeds } from './testing-documents.ts'

const doc = (...blocks: Node[]) => nodes.doc.create(null, blocks)
const paragraph = (...inline: (Node | string)[]) =>
  nodes.paragraph.create(
    null,
    inline.map((part) => (typeof part === 'string' ? schema.text(part) : part)),
  )
const marked = (text: string, ...marks: string[]) =>
  schema.text(
    text,
    marks.map((name) => schema.mark(name)),
  )
const canonical = (markdown: string) => printMarkdown(parseMarkdown(markdown))

/** What people type in the editor: it must be that same text after a reload, and no syntax. */
const TYPED = [
  ...[
    '1. not a list',
    '1) no',
    '- no',
    '+ no',
    '* no',
    '# not heading',
    '#',
    '> no',
    '---',
    '***',
    '___',
    '===',
    '- - -',
  ],
  ...[
    '$5 and $6',
    '$a$',
    '$$',
    '$$x$$',
    '[x] no',
    '[ ] no',
    '[a](b)',
    '![a](b)',
    '[a]: b',
    '[^1]',
    '[^1]: a',
    '| a | b |',
  ],
  ...[
    '|---|',
    '*a*',
    '**',
    '_a_',
    'a_b_c',
    '__init__',
    '~~a~~',
    '~',
    '`a`',
    '```',
    '~~~',
    '    four spaces',
    ' a ',
    '\ta',
  ],
  ...[
    'a\\',
    '\\*',
    'C:\\dir\\_x',
    '&amp;',
    '&#35;',
    'a & b',
    '<b>',
    '</b>',
    '<b>x</b>',
    '<br>',
    '<div>',
    '<!-- c -->',
    '<!--',
  ],
  ...[
    '<http://a.b>',
    '<a@b.c>',
    'https://a.io/x_y_z',
    'a < b > c',
    '2 * 3 * 4',
    'snake_case_',
    '👍',
    'a  b',
    '!',
    '![',
    '](',
  ],
]

describe('printMarkdown', () => {
  it('prints no newline at the end, and an empty document as nothing', () => {
    expect(canonical('# Hello World\n')).to.equal('# Hello World')
    expect(printMarkdown(doc(paragraph()))).to.equal('')
    expect(printMarkdown(doc(paragraph(nodes.hardBreak.create()), paragraph()))).to.equal('')
  })

  for (const text of TYPED) {
    it(`brings typed text back as it was: ${JSON.stringify(text)}`, () => {
      const places: Node[] = [
        paragraph(text),
        paragraph('first', nodes.hardBreak.create(), text),
        nodes.heading.create({ level: 2 }, schema.text(text)),
        nodes.bulletList.create(null, nodes.listItem.create(null, paragraph(text))),
        nodes.taskList.create(null, nodes.taskItem.create(null, paragraph(text))),
        nodes.blockquote.create(null, paragraph(text)),
        nodes.table.create(null, nodes.tableRow.create(null, nodes.tableHeader.create(null, paragraph(text)))),
        paragraph('before', marked(text.trim(), 'bold', 'italic'), 'after'),
        paragraph(schema.text(text, [schema.mark('link', { href: '/a' })])),
      ]
      for (const place of places) {
        const back = parseMarkdown(printMarkdown(doc(place)))
        expect(content(back)).to.equal(content(doc(place)))
      }
    })
  }

  it('leaves what needs no escape as it is', () => {
    const text = 'a_b 2 * 3, C:\\dir, [1] (x), 5 < 6 & 7 > 3, US$5, ~10, #tag, "q" 1.5 - x! a|b <b>c</b> note[^1]'
    expect(printMarkdown(doc(paragraph(text)))).to.equal(text)
    expect(canonical(text)).to.equal(text)
  })

  it('keeps canonical Markdown as it is', () => {
    const markdown = [
      '---\ntitle: Plan\n---',
      '# *A* **b** `c` ~~d~~',
      'A [link](https://a.io "t"), <https://b.io>, <c@d.e>, ![i](/i.png), [![j](/j.png)](/k)\\\nand $x^2$.',
      '- a\n  - b\n    1. c\n- d',
      '3. e\n\n   f\n\n4. g',
      '- [ ] h\n- [x] i\n  - [ ] j',
      '> k\n>\n> - l',
      '```ts\nm\n```',
      '| n | o |\n| :---: | --- |\n| `p\\|q` | r<br>s |',
      '$$\nt\n$$',
      '---',
      '<div>\n  <b>*u*</b>\n</div>',
      '[^1]: v',
    ].join('\n\n')
    expect(canonical(markdown)).to.equal(markdown)
  })

  it('keeps neighbouring lists apart', () => {
    for (const markdown of ['- a\n\n* b\n\n- c', '1. a\n\n1) b', '- a\n- [ ] b\n- c', '- [ ] a\n\n* [ ] b']) {
      expect(canonical(markdown)).to.equal(markdown)
    }
  })

  it('writes emphasis that its neighbours would make text', () => {
    const cases: [Node, string][] = [
      [paragraph('foo', marked('"bar"', 'bold'), 'baz'), 'fo&#111;**"bar"**&#98;az'],
      [paragraph(marked('a', 'italic'), marked('b', 'bold')), '_a_**b**'],
      [paragraph('a', marked(' b ', 'bold'), 'c'), 'a **b** c'],
      [paragraph(marked('a ', 'bold'), marked('b', 'bold', 'italic'), marked(' c', 'italic')), '**a *b*** *c*'],
    ]
    const [first, second, third] = cases
    for (const [node, markdown] of [first, second, third].filter((one) => one !== undefined)) {
      expect(printMarkdown(doc(node))).to.equal(markdown)
    }
    for (const [node] of cases) expect(content(parseMarkdown(printMarkdown(doc(node))))).to.equal(content(doc(node)))
  })

  it('fences code with more backticks than it holds', () => {
    expect(printMarkdown(doc(nodes.codeBlock.create(null, schema.text('```\n````'))))).to.equal(
      '`````\n```\n````\n`````',
    )
    expect(printMarkdown(doc(paragraph(marked('a``b`', 'code'))))).to.equal('``` a``b` ```')
  })

  it('prints front matter only where it can be read back', () => {
    const block = (text: string) => nodes.codeBlock.create({ language: FRONT_MATTER }, schema.text(text))
    expect(printMarkdown(doc(block('a: 1')))).to.equal('---\na: 1\n---')
    for (const unfit of [doc(block('a\n---\nb')), doc(block('\na')), doc(paragraph('x'), block('a: 1'))]) {
      expect(printMarkdown(unfit)).to.include('```front-matter\n')
      expect(content(parseMarkdown(printMarkdown(unfit)))).to.equal(content(unfit))
    }
  })

  it('keeps the text of merged and filled table cells', () => {
    const cell = (attrs: object, ...blocks: Node[]) => nodes.tableCell.create(attrs, blocks)
    const list = nodes.bulletList.create(null, nodes.listItem.create(null, paragraph('item')))
    const table = nodes.table.create(null, [
      nodes.tableRow.create(null, [cell({ colspan: 2 }, paragraph('wide')), cell({ rowspan: 2 }, paragraph('tall'))]),
      nodes.tableRow.create(null, [cell({}, paragraph('a'), paragraph('b')), cell({}, list)]),
    ])
    expect(printMarkdown(doc(table))).to.equal('| wide |  | tall |\n| --- | --- | --- |\n| a<br>b | item |  |')
  })

  it('does not fill a grid without bound for a hostile table', () => {
    const row = nodes.tableRow.create(null, [nodes.tableCell.create({ colspan: 1e9, rowspan: 1e9 }, paragraph('x'))])
    const long = nodes.tableRow.create(
      null,
      Array.from({ length: 2_000 }, () => nodes.tableCell.create(null, paragraph())),
    )
    const table = nodes.table.create(null, [long, ...Array.from({ length: 500 }, () => row)])
    const markdown = printMarkdown(doc(table))
    expect(markdown).to.have.length.below(100_000)
    expect(canonical(markdown)).to.equal(markdown)
  })

  it('prints no link whose scheme could run code', () => {
    const link = schema.text('a', [schema.mark('link', { href: 'java\nscript:x' })])
    const image = nodes.image.create({ src: 'javascript:x', alt: 'b' })
    expect(printMarkdown(doc(paragraph(link, image)))).to.equal('ab')
  })

  it('keeps what Markdown lacks out, and the text in', () => {
    expect(printMarkdown(doc(paragraph(marked('a', 'underline')), paragraph(), paragraph('b')))).to.equal('a\n\nb')
  })

  it('flattens what nests deeper than the parser reads', () => {
    let block: Node = paragraph('end')
    for (let depth = 0; depth < 120; depth++) {
      block =
        depth % 2
          ? nodes.blockquote.create(null, block)
          : nodes.bulletList.create(null, nodes.listItem.create(null, [paragraph('x'), block]))
    }
    const markdown = printMarkdown(doc(block))
    expect(canonical(markdown)).to.equal(markdown)
    expect(markdown.match(/x/g)).to.have.length(60)
  })

  describe('of documents at random', () => {
    for (const part of [0, 1, 2, 3]) {
      it(`reads back as the same document and prints the same again (${part + 1} of 4)`, () => {
        for (const seed of seeds(100).map((first) => first + part * 100)) {
          const made = new RandomDocument(seed).document()
          const markdown = printMarkdown(made)
          const back = parseMarkdown(markdown)
          back.check()
          expect(content(back), `seed ${seed}`).to.equal(content(made))
          expect(printMarkdown(back), `seed ${seed}`).to.equal(markdown)
        }
      })
    }

    it('is stable for any Markdown', () => {
      for (const seed of seeds(400)) {
        const markdown = canonical(new RandomDocument(seed).markdown())
        expect(canonical(markdown), `seed ${seed}`).to.equal(markdown)
      }
    })
  })
})
