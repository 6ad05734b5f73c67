import { expect } from 'chai'
import { parseMarkdown } from './parse.ts'
import { documentText, plainText, wordCount } from './plain-text.ts'
import { nodes, schema } from './schema.ts'

describe('plainText', () => {
  it('gives a line for each block, without markup', () => {
    const markdown = '# A *b*\n\n- c\n  - [d](/u)\n\n| e | f |\n| - | - |\n| g<br>h | `i` |\n\n```\nj\nk\n```'
    expect(plainText(parseMarkdown(markdown))).to.equal('A b\nc\nd\ne\nf\ng\nh\ni\nj\nk')
  })

  it('holds descriptions of images and formulas', () => {
    expect(plainText(parseMarkdown('![a b](/c) $x^2$\n\n$$\ny\n$$'))).to.equal('a b x^2\ny')
  })

  it('is empty for an empty document', () => {
    expect(plainText(parseMarkdown(''))).to.equal('')
  })
})

describe('documentText', () => {
  const paragraph = (text = '') => nodes.paragraph.create(null, text === '' ? null : schema.text(text))
  const rule = () => nodes.horizontalRule.create()
  for (const [what, blocks] of Object.entries({
    'a paragraph': [paragraph('one two')],
    'empty paragraphs': [paragraph(), paragraph('one'), paragraph(), paragraph()],
    rules: [rule(), paragraph('one'), rule(), rule(), paragraph('two three')],
    'quotes of rules and of nothing': [
      nodes.blockquote.create(null, [rule()]),
      paragraph('one'),
      nodes.blockquote.create(null, [paragraph(), paragraph()]),
      nodes.blockquote.create(null, [rule(), paragraph('two')]),
    ],
    'a formula': [nodes.blockMath.create({ latex: 'x y' }), nodes.blockMath.create({ latex: '' }), paragraph('one')],
  })) {
    it(`is that of the whole: ${what}`, () => {
      const doc = nodes.doc.create(null, blocks)
      const text = plainText(doc)
      for (let i = 0; i < 2; i++) {
        expect(documentText(doc)).to.deep.equal({ plainText: text, wordCount: wordCount(text) })
      }
    })
  }
})

describe('wordCount', () => {
  for (const [text, count] of [
    ['', 0],
    [' \n — … 👍 ', 0],
    ['one two\nthree', 3],
    ["don't rock-and-roll e.g. v1.2", 4],
    ['naïve café Ünïcödé', 3],
    ['नमस्ते दुनिया', 2],
    ['你好世界', 4],
    ['東京へ go 2 times', 6],
    ['snake_case 42', 2],
  ] as const) {
    it(`counts ${count} in ${JSON.stringify(text)}`, () => {
      expect(wordCount(text)).to.equal(count)
    })
  }
})
