import { prosemirrorToYXmlFragment, yXmlFragmentToProseMirrorRootNode } from '@tiptap/y-tiptap'
import { expect } from 'chai'
import * as Y from 'yjs'
import { parseMarkdown } from './parse.ts'
import { printMarkdown } from './print.ts'
import { schema } from './schema.ts'
import { RandomDocument, seeds } from './testing-documents.ts'
import { element, fragmentOf, liveDocument, peerOf, sync, textAt, updatesOf } from './testing-yjs.ts'
import { readDocument, readMarkdown, writeMarkdown } from './yjs.ts'

describe('writeMarkdown', () => {
  it('makes the document read as the Markdown, in the encoding of the editor', () => {
    for (const seed of seeds(150)) {
      const random = new RandomDocument(seed)
      const doc = new Y.Doc()
      prosemirrorToYXmlFragment(random.document(), fragmentOf(doc))
      const markdown = random.chance(0.3) ? random.markdown() : random.edited(readDocument(doc))
      writeMarkdown(doc, markdown, null)
      expect(readMarkdown(doc), `seed ${seed}`).to.equal(printMarkdown(parseMarkdown(markdown)))
      if (fragmentOf(doc).length === 0) continue
      const seen = readDocument(doc)
      seen.check()
      expect(yXmlFragmentToProseMirrorRootNode(fragmentOf(doc), schema).eq(seen), `seed ${seed}`).to.equal(true)
    }
  })

  it('writes what the editor itself would write', () => {
    for (const seed of seeds(100)) {
      const made = parseMarkdown(new RandomDocument(seed).markdown())
      const editors = new Y.Doc()
      prosemirrorToYXmlFragment(made, fragmentOf(editors))
      const ours = liveDocument(printMarkdown(made))
      const shape = (doc: Y.Doc) => fragmentOf(doc).toString()
      if (readMarkdown(ours) !== '') expect(shape(ours), `seed ${seed}`).to.equal(shape(editors))
    }
  })

  it('sends nothing if the document reads so already', () => {
    for (const seed of seeds(100)) {
      const doc = new Y.Doc()
      prosemirrorToYXmlFragment(new RandomDocument(seed).document(), fragmentOf(doc))
      expect(
        updatesOf(doc, () => writeMarkdown(doc, readMarkdown(doc), null)),
        `seed ${seed}`,
      ).to.deep.equal([])
    }
  })

  it('makes one transaction with the origin', () => {
    const doc = liveDocument('# a\n\nb')
    const origins: unknown[] = []
    doc.on('update', (_update: Uint8Array, origin: unknown) => origins.push(origin))
    writeMarkdown(doc, '# A\n\nb\n\n- c', 'the origin')
    expect(origins).to.deep.equal(['the origin'])
  })

  it('sends a small update for a small change in a large document', () => {
    const paragraphs = Array.from(
      { length: 400 },
      (_, index) => `Paragraph ${index} with *some* words.\n\n- item ${index}`,
    )
    const doc = liveDocument(paragraphs.join('\n\n'))
    const edits = [
      paragraphs.with(200, 'Paragraph 200 with *other* words.\n\n- item 200').join('\n\n'),
      ['New.', ...paragraphs].join('\n\n'),
      paragraphs.toSpliced(100, 1).toSpliced(300, 0, 'New.').join('\n\n'),
    ]
    for (const edit of edits) {
      const sizes = updatesOf(doc, () => writeMarkdown(doc, edit, null))
      expect(sizes).to.have.length(1)
      expect(sizes[0]).to.be.below(250)
    }
  })

  it('keeps the identity of untouched blocks, items and cells', () => {
    const doc = liveDocument('a\n\n- b\n- c\n\n| d | e |\n| --- | --- |\n| f | g |\n\nh')
    const kept = [textAt(doc, 0, 0), textAt(doc, 1, 1, 0, 0), textAt(doc, 2, 1, 0, 0, 0), textAt(doc, 3, 0)]
    writeMarkdown(doc, 'New.\n\na\n\n- B!\n- new\n- c\n\n| d | E! |\n| --- | --- |\n| f | g |\n\nh', null)
    expect(kept.map((text) => text._item?.deleted)).to.deep.equal([false, false, false, false])
  })

  it('changes both ends of a list without touching what lies between', () => {
    const items = Array.from({ length: 50 }, (_, index) => `- item ${index}`)
    const doc = liveDocument(items.join('\n'))
    const middle = textAt(doc, 0, 25, 0, 0)
    writeMarkdown(doc, ['- first', ...items.slice(1, -1), '- last', '- one more'].join('\n'), null)
    expect(middle._item?.deleted).to.equal(false)
    expect(middle.toString()).to.equal('item 25')
  })

  it('keeps what Markdown cannot carry in blocks that it does not change', () => {
    const doc = liveDocument('a\n\nb\n\nc')
    textAt(doc, 0, 0).format(0, 1, { underline: {} })
    fragmentOf(doc).insert(1, [new Y.XmlElement('paragraph')])
    const image = element('image', [], { src: '/i.png', width: 300 })
    ;(fragmentOf(doc).get(2) as Y.XmlElement).insert(1, [image])
    writeMarkdown(doc, readMarkdown(doc).replace('c', 'C'), null)
    expect(fragmentOf(doc).toString()).to.include('<underline>a</underline></paragraph><paragraph></paragraph>')
    expect(fragmentOf(doc).toString()).to.include('width="300"')
    expect(readMarkdown(doc)).to.equal('a\n\nb![](/i.png)\n\nC')
  })

  it('keeps underlines and link targets on the words that stay in a changed block', () => {
    const doc = liveDocument('one [two](/u) three')
    textAt(doc, 0, 0).format(0, 3, { underline: {} })
    textAt(doc, 0, 0).format(4, 3, { link: { href: '/u', target: '_self' } })
    writeMarkdown(doc, 'one [two](/u) **four**', null)
    expect(textAt(doc, 0, 0).toDelta()).to.deep.equal([
      { insert: 'one', attributes: { underline: {} } },
      { insert: ' ' },
      { insert: 'two', attributes: { link: { href: '/u', target: '_self' } } },
      { insert: ' ' },
      { insert: 'four', attributes: { bold: {} } },
    ])
  })

  it('empties a block without deleting its text', () => {
    const doc = liveDocument('- a\n- b')
    const peer = peerOf(doc)
    writeMarkdown(doc, '-\n- b', null)
    textAt(peer, 0, 0, 0, 0).insert(1, ' more')
    sync(doc, peer)
    expect(readMarkdown(doc)).to.equal('-  more\n- b'.replace('-  more', '- &#32;more'))
  })

  it('can empty a document and fill it again', () => {
    const doc = liveDocument('a\n\n- b')
    writeMarkdown(doc, '', null)
    expect(readMarkdown(doc)).to.equal('')
    writeMarkdown(doc, 'c\n\n# d', null)
    expect(readMarkdown(doc)).to.equal('c\n\n# d')
  })

  describe('beside other people', () => {
    it('keeps what a peer writes in another block', () => {
      const doc = liveDocument('# a\n\nb c\n\n- d')
      const peer = peerOf(doc)
      textAt(peer, 1, 0).insert(3, ' peer')
      writeMarkdown(doc, '# A!\n\nnew\n\nb c\n\n- d\n- e', null)
      sync(doc, peer)
      expect(readMarkdown(doc)).to.equal('# A!\n\nnew\n\nb c peer\n\n- d\n- e')
      expect(readMarkdown(peer)).to.equal(readMarkdown(doc))
    })

    it('keeps what a peer writes between two changed words of one paragraph', () => {
      const doc = liveDocument('The quick brown fox jumps over the lazy dog today.')
      const peer = peerOf(doc)
      textAt(peer, 0, 0).insert(19, ' and the hare')
      writeMarkdown(doc, 'The slow brown fox jumps over the lazy dog tomorrow.', null)
      sync(doc, peer)
      expect(readMarkdown(doc)).to.equal('The slow brown fox and the hare jumps over the lazy dog tomorrow.')
    })

    it('leaves a cursor where it was', () => {
      const doc = liveDocument('one two\n\nthree four five')
      const cursor = Y.createRelativePositionFromTypeIndex(textAt(doc, 1, 0), 'three four'.length)
      writeMarkdown(doc, 'new\n\none 2\n\nthree big four 55 six', null)
      const found = Y.createAbsolutePositionFromRelativePosition(cursor, doc)
      expect(found?.type).to.equal(textAt(doc, 2, 0))
      expect(found?.index).to.equal('three big four'.length)
    })

    it('comes to the same text on all replicas, whatever two people write at once', () => {
      for (const seed of seeds(60)) {
        const random = new RandomDocument(seed)
        const doc = new Y.Doc()
        prosemirrorToYXmlFragment(random.document(), fragmentOf(doc))
        const peer = peerOf(doc)
        writeMarkdown(doc, random.edited(readDocument(doc)), null)
        writeMarkdown(peer, random.edited(readDocument(peer)), null)
        sync(doc, peer)
        expect(readMarkdown(peer), `seed ${seed}`).to.equal(readMarkdown(doc))
        readDocument(doc).check()
      }
    })
  })

  describe('with characters of two UTF-16 units', () => {
    for (const [before, after] of [
      ['a 👍 b', 'a 👎 b'],
      ['👍', '👎'],
      ['👍👍', '👎👍'],
      ['a👍', 'a👎👍'],
      ['𝒜𝒞', '𝒜𝒟'],
      ['👩‍💻', '👨‍💻'],
      ['x👍🏽y', 'x👍🏿y'],
    ] as const) {
      it(`never cuts one: ${before} to ${after}`, () => {
        const doc = liveDocument(before)
        const peer = peerOf(doc)
        const inserted: string[] = []
        doc.on('afterTransaction', (transaction: Y.Transaction) => {
          for (const item of transaction.doc.store.clients.get(doc.clientID) ?? []) {
            if (item instanceof Y.Item && item.content instanceof Y.ContentString) inserted.push(item.content.str)
          }
        })
        writeMarkdown(doc, after, null)
        expect(inserted.join('')).to.not.equal('')
        expect(inserted.every((text) => text.isWellFormed())).to.equal(true)
        sync(doc, peer)
        expect(readMarkdown(peer)).to.equal(after)
      })
    }
  })

  it('writes and rewrites a block of more children than a call takes arguments', function () {
    this.timeout(60_000)
    const doc = liveDocument('a\\\n'.repeat(70_000))
    writeMarkdown(doc, 'b\\\n'.repeat(70_000), null)
    expect(readDocument(doc).child(0).childCount).to.equal(140_000 - 1)
  })

  it('replaces texts as wholes when a large document changes in most words', () => {
    const words = (word: string) =>
      Array.from({ length: 12_000 }, (_, index) => `${word}${index} stays${index}`).join(' ')
    const doc = liveDocument(words('a'))
    writeMarkdown(doc, words('b'), null)
    expect(readMarkdown(doc)).to.equal(words('b'))
    expect(fragmentOf(doc).length).to.equal(1)
  })
})

describe('markdownToUpdate', () => {
  it('gives the state of a document with the Markdown', () => {
    expect(readMarkdown(liveDocument('# a\n\nb'))).to.equal('# a\n\nb')
  })
})
