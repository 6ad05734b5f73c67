import { expect } from 'chai'
import type { Node } from 'prosemirror-model'
import { parseMarkdown } from './parse.ts'
import { nodes } from './schema.ts'

/** A document as a short text: its nodes with their attributes that are set, text with its marks. */
function outline(node: Node): string {
  if (node.isText) return JSON.stringify(node.text) + node.marks.map((mark) => `:${mark.type.name}`).join('')
  const attrs = Object.entries(node.attrs)
    .filter(([name, value]) => value !== null && value !== node.type.spec.attrs?.[name]?.default)
    .map(([name, value]) => ` ${name}=${value}`)
  return `${node.type.name}${attrs.join('')}(${node.children.map(outline).join(' ')})`
}

const blocks = (markdown: string): string[] => parseMarkdown(markdown).children.map(outline)

describe('parseMarkdown', () => {
  it('reads an empty text as an empty paragraph', () => {
    expect(blocks('')).to.deep.equal(['paragraph()'])
  })

  it('reads headings of all levels, underlined ones too', () => {
    expect(blocks('# a\n\n###### b\n\nc\n---')).to.deep.equal([
      'heading("a")',
      'heading level=6("b")',
      'heading level=2("c")',
    ])
  })

  it('reads nested and mixed marks', () => {
    expect(blocks('**a *b* ~~c~~** `d` **`e`**')).to.deep.equal([
      'paragraph("a ":bold "b":bold:italic " ":bold "c":bold:strike " " "d":code " " "e":bold:code)',
    ])
  })

  it('keeps the emphasis of what follows emphasis in itself', () => {
    expect(blocks('*a *b* c*')).to.deep.equal(['paragraph("a b c":italic)'])
  })

  it('reads links with title, autolinks and references', () => {
    const doc = parseMarkdown('[a](/u "t") <https://b.io> <c@d.e> [f]\n\n[f]: /g')
    const links = doc
      .child(0)
      .children.flatMap((node) => node.marks.map(({ attrs }) => [attrs['href'], attrs['title']]))
    expect(links).to.deep.equal([
      ['/u', 't'],
      ['https://b.io', null],
      ['mailto:c@d.e', null],
      ['/g', null],
    ])
    expect(doc.childCount).to.equal(1)
  })

  it('keeps a definition that nothing refers to, as text', () => {
    expect(blocks('[a]: /b "c"')).to.deep.equal([String.raw`paragraph("[a]: /b \"c\"")`])
  })

  it('does not let references multiply a long address', () => {
    const markdown = `[a]: /${'x'.repeat(5_000)}\n\n${'[a] '.repeat(1_000)}`
    expect(parseMarkdown(markdown).toString()).to.have.length.below(3 * markdown.length)
  })

  for (const address of [
    'javascript:alert(1)',
    'JaVa&Tab;script:alert(1)',
    'vbscript:a',
    'data:text/html,x',
    'file:///a',
  ]) {
    it(`keeps a link to ${address} as text`, () => {
      const [paragraph] = parseMarkdown(`[a](${address}) ![b](${address})`).children
      expect(paragraph?.children.every((node) => node.isText && node.marks.length === 0)).to.equal(true)
    })
  }

  it('reads images with title, and with the link around them', () => {
    expect(blocks('x ![a *b*](/c "d") [![e](/f)](/g "h")')).to.deep.equal([
      'paragraph("x " image src=/c alt=a b title=d() " " image src=/f alt=e href=/g linkTitle=h())',
    ])
  })

  it('reads nested lists, start numbers, and blocks in items', () => {
    expect(blocks('- a\n  1. b\n\n     > c\n- ```\n  d\n  ```\n\n7) e')).to.deep.equal([
      'bulletList(listItem(paragraph("a") orderedList(listItem(paragraph("b") blockquote(paragraph("c"))))) ' +
        'listItem(paragraph() codeBlock("d")))',
      'orderedList start=7(listItem(paragraph("e")))',
    ])
  })

  it('reads tasks, nested and with several paragraphs', () => {
    expect(blocks('- [ ] a\n\n  b\n- [x] c\n  - [X] d')).to.deep.equal([
      'taskList(taskItem(paragraph("a") paragraph("b")) ' +
        'taskItem checked=true(paragraph("c") taskList(taskItem checked=true(paragraph("d")))))',
    ])
  })

  it('splits a list that mixes tasks and plain items', () => {
    expect(blocks('- [ ] a\n- b\n- [x] c')).to.deep.equal([
      'taskList(taskItem(paragraph("a")))',
      'bulletList(listItem(paragraph("b")))',
      'taskList(taskItem checked=true(paragraph("c")))',
    ])
  })

  it('reads tables with alignment, pipes, marks and line breaks', () => {
    expect(blocks('| a | b |\n| :-: | --- |\n| `x\\|y` *z* | c<br>d |')).to.deep.equal([
      'table(tableRow(tableHeader align=center(paragraph("a")) tableHeader(paragraph("b"))) ' +
        'tableRow(tableCell align=center(paragraph("x|y":code " " "z":italic)) tableCell(paragraph("c" hardBreak() "d"))))',
    ])
  })

  it('reads code fences with a language and with backticks inside', () => {
    expect(blocks('````ts\na\n```\nb\n````\n\n    c')).to.deep.equal([
      'codeBlock language=ts("a\\n```\\nb")',
      'codeBlock("c")',
    ])
  })

  it('reads formulas, but no prices', () => {
    expect(blocks('$a_b$ $5 and $6 $$c$$\n\n$$\nd\n\ne\n$$\n\n$$ f $$')).to.deep.equal([
      'paragraph(inlineMath latex=a_b() " $5 and $6 $$c$$")',
      'blockMath latex=d\n\ne()',
      'blockMath latex=f()',
    ])
  })

  it('reads front matter at the start only', () => {
    expect(blocks('---\na: 1\n\nb: 2\n---\nc')).to.deep.equal([
      'codeBlock language=front-matter("a: 1\\n\\nb: 2")',
      'paragraph("c")',
    ])
    expect(blocks('---\n\na\n\n---')[0]).to.equal('horizontalRule()')
    expect(blocks('a\n\n---\nb: 1\n---')[1]).to.equal('horizontalRule()')
  })

  it('keeps HTML as literal text', () => {
    expect(blocks('a <b title="*x*">*c*</b> <!-- _d_ --><br>')).to.deep.equal([
      'paragraph("a <b title=\\"*x*\\">" "c":italic "</b> <!-- _d_ --><br>")',
    ])
    expect(blocks('<div>\n  *a*\n</div>\n\nb')).to.deep.equal([
      'paragraph("<div>" hardBreak() "  *a*" hardBreak() "</div>")',
      'paragraph("b")',
    ])
  })

  it('keeps footnotes as text', () => {
    expect(blocks('a[^1]\n\n[^1]: b')).to.deep.equal(['paragraph("a[^1]")', 'paragraph("[^1]: b")'])
  })

  it('normalises line endings, NUL and lone surrogates', () => {
    expect(blocks('\ufeffa\r\nb\rc \0 \ud83d')).to.deep.equal(['paragraph("a b c \ufffd \ufffd")'])
  })

  it('makes text of what nests too deeply, and loses none of it', () => {
    for (const markdown of [`${'> '.repeat(5_000)}end`, `${'- '.repeat(5_000)}end`, '> - '.repeat(3_000)]) {
      const doc = parseMarkdown(markdown)
      doc.check()
      expect(doc.textContent.replaceAll(' ', '').length).to.be.greaterThan(5_000 - 100)
    }
  })

  for (const [name, unit] of Object.entries({
    stars: '*a **b ',
    brackets: '[![',
    backticks: '`` ` ```a',
    dollars: '$ $a',
    quotes: '>',
    angles: '<a b="<!--',
    backslashes: '\\',
    links: '[a](b "',
    lists: '- [ ] a\n  1. b\n',
    unclosed: '- $$\n\n  <!--\n\n',
  })) {
    it(`reads ${name} by the thousand into a valid document`, () => {
      parseMarkdown(unit.repeat(3_000)).check()
    })
  }

  it('makes documents that the schema allows', () => {
    const doc = parseMarkdown('- # a\n- \n- | b |\n  | - |\n\n> \n\n| c |\n|---|')
    doc.check()
    expect(doc.type).to.equal(nodes.doc)
  })
})
