import { expect } from 'chai'
import * as Y from 'yjs'
import { finish } from '../steps.ts'
import { printMarkdown } from './print.ts'
import { DocumentReader } from './reader.ts'
import { readDocument, writeMarkdown } from './yjs.ts'

describe('reading a live document again', () => {
  const blocks = (count: number): string[] => Array.from({ length: count }, (_, i) => `Paragraph ${i}.`)
  const documentOf = (markdown: string): Y.Doc => {
    const doc = new Y.Doc()
    writeMarkdown(doc, markdown, null)
    return doc
  }

  it('reads anew only the blocks that changed', () => {
    const texts = blocks(50)
    const doc = documentOf(texts.join('\n\n'))
    const reader = new DocumentReader(doc)
    const before = reader.read()
    writeMarkdown(doc, texts.with(20, 'Changed.').join('\n\n'), null)
    const after = reader.read()
    const same = after.children.filter((node, i) => node === before.children[i])
    expect(same).to.have.length(49)
    expect(after.child(20).textContent).to.equal('Changed.')
  })

  it('reads and prints what reading everything does, after whatever edits', () => {
    let markdown = '# Title\n\n- one\n- two\n  - deep\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n> quote\n\nend'
    const doc = documentOf(markdown)
    const reader = new DocumentReader(doc)
    const edits: ((text: string) => string)[] = [
      (text) => text.replace('deep', '**deeper**'),
      (text) => text.replace('- one', '- one\n- and a half'),
      (text) => text.replace('| 1 |', '| *one* |'),
      (text) => `1. list\n\n${text}`,
      (text) => text.replace('> quote\n\n', ''),
      (text) => text.replace('# Title', '## Title'),
      (text) => text.split('\n\n').reverse().join('\n\n'),
      () => '',
      () => 'again',
    ]
    for (const edit of edits) {
      markdown = edit(markdown)
      writeMarkdown(doc, markdown, null)
      expect(reader.read().eq(readDocument(doc))).to.equal(true)
      expect(printMarkdown(reader.read())).to.equal(printMarkdown(readDocument(doc)))
    }
  })

  it('finds done what was read block by block, but for what changed meanwhile', () => {
    const texts = blocks(6)
    const doc = documentOf(texts.join('\n\n'))
    const reader = new DocumentReader(doc)
    const steps = reader.reading()
    for (let i = 0; i < 3; i++) steps.next()
    const fragment = doc.getXmlFragment('default')
    fragment.delete(4, 1)
    ;(fragment.get(0) as Y.XmlElement).insert(0, [new Y.XmlText('Changed. ')])
    finish(steps)
    expect(reader.read().eq(readDocument(doc))).to.equal(true)
    expect(reader.read().children.map(({ textContent }) => textContent)).to.deep.equal([
      'Changed. Paragraph 0.',
      ...[1, 2, 3, 5].map((i) => `Paragraph ${i}.`),
    ])
  })

  it('reads a text in no element, a block for each character, as the same blocks again', () => {
    const other = new Y.Doc()
    other.getText('default').insert(0, 'aba')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    const reader = new DocumentReader(doc)
    const before = reader.read()
    expect(before.children.map(({ textContent }) => textContent)).to.deep.equal(['a', 'b', 'a'])
    doc.getXmlFragment('default').push([new Y.XmlElement('horizontalRule')])
    const after = reader.read()
    expect(after.eq(readDocument(doc))).to.equal(true)
    expect(after.children.slice(0, 3).every((node, i) => node === before.child(i))).to.equal(true)
  })

  it('prints a list by what stands before it, also where only that changed', () => {
    const doc = documentOf('- one\n\ntext\n\n- two')
    const reader = new DocumentReader(doc)
    printMarkdown(reader.read())
    doc.getXmlFragment('default').delete(1, 1)
    expect(printMarkdown(reader.read())).to.equal(printMarkdown(readDocument(doc)))
    expect(printMarkdown(reader.read())).to.equal('- one\n\n* two')
  })
})
