import * as Y from 'yjs'

const letters = 'abcdefghijklmnopqrstuvwxyz     '
const words = ['the ', 'quick ', 'brown ', 'fox ', 'jumps ', 'over ', 'a ', 'lazy ', 'dog ']

/** Whose edits they are: a client, or what takes its place. */
export type Author = { readonly clientId: number; readonly view: Y.Doc; edit(change: (document: Y.Doc) => void): void }

/** One person at work: mostly letters, one after the other, sometimes a word, a correction, or a jump elsewhere. */
export class Typist {
  private readonly author: Author
  private readonly random: () => number
  private paragraph: number
  private offset = 0

  constructor(author: Author, random: () => number, paragraph: number) {
    this.author = author
    this.random = random
    this.paragraph = paragraph
  }

  /** Changes the document in one transaction, which always inserts something. */
  edit(): void {
    const kind = this.random()
    if (kind < 0.05) this.jump()
    const added = kind > 0.9 ? this.pick(words) : this.pick(letters)
    this.author.edit((document) => {
      const text = textAt(document, this.paragraph)
      const at = Math.min(this.offset, text.length)
      const corrected = kind > 0.05 && kind < 0.1 && at > 0 ? 1 : 0
      if (corrected) text.delete(at - 1, corrected)
      text.insert(at - corrected, added)
      this.offset = at - corrected + added.length
    })
  }

  /** The awareness state that TipTap's collaboration caret publishes for the place where this person is. */
  cursor(): unknown {
    const text = this.text()
    const place = Y.createRelativePositionFromTypeIndex(text, Math.floor(this.random() * (text.length + 1)))
    return {
      user: { name: `Person ${this.author.clientId}`, color: '#3b82f6' },
      cursor: { anchor: place, head: place },
    }
  }

  private jump(): void {
    this.paragraph = Math.floor(this.random() * this.author.view.getXmlFragment('default').length)
    this.offset = Math.floor(this.random() * (this.text().length + 1))
  }

  private text(): Y.XmlText {
    return textAt(this.author.view, this.paragraph)
  }

  private pick<T>(values: ArrayLike<T>): T {
    return values[Math.floor(this.random() * values.length)] as T
  }
}

/** Puts empty paragraphs into an empty document. */
export function writeParagraphs(document: Y.Doc, count: number): void {
  const paragraphs = Array.from({ length: count }, () => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText()])
    return paragraph
  })
  document.getXmlFragment('default').push(paragraphs)
}

function textAt(document: Y.Doc, paragraph: number): Y.XmlText {
  return (document.getXmlFragment('default').get(paragraph) as Y.XmlElement).get(0) as Y.XmlText
}
