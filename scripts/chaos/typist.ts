import * as Y from 'yjs'
import { WireClient, type WireClientOptions } from './wire-client.ts'

/** Types words that nobody else types, and takes some of them out again. */
export class Typist {
  readonly client: WireClient
  private readonly random: () => number
  private readonly onDelete: (word: string) => void
  private readonly words: string[] = []
  private count = 0
  private timer: NodeJS.Timeout | undefined

  /** `onDelete` is told of words before they are taken out. */
  constructor(options: WireClientOptions & { random: () => number; onDelete: (word: string) => void }) {
    this.client = new WireClient(options)
    this.random = options.random
    this.onDelete = options.onDelete
    this.plan()
  }

  /** Stops typing; what was typed is still sent. */
  rest(): void {
    clearTimeout(this.timer)
  }

  /** Is gone for good, with everything that is not sent. */
  destroy(): void {
    this.rest()
    this.client.destroy()
  }

  private plan(): void {
    this.timer = setTimeout(
      () => {
        if (this.words.length > 0 && this.random() < 0.15) this.deleteWord()
        else this.typeWord()
        this.plan()
      },
      60 + this.random() * 200,
    )
  }

  private typeWord(): void {
    const { document } = this.client
    const word = `W${document.clientID}x${this.count++}`
    const texts = textsOf(document)
    const isNewParagraph = texts.length === 0 || this.random() < 0.05
    const place = Math.floor(this.random() * texts.length)
    const isAtEnd = this.random() < 0.7
    this.client.edit({ kind: 'insert', word }, () => {
      if (isNewParagraph) {
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText(`${word} `)])
        document.getXmlFragment('default').push([paragraph])
      } else {
        const text = texts[place] as Y.XmlText
        text.insert(isAtEnd ? text.length : 0, `${word} `)
      }
    })
    this.words.push(word)
  }

  private deleteWord(): void {
    const [word = ''] = this.words.splice(Math.floor(this.random() * this.words.length), 1)
    for (const text of textsOf(this.client.document)) {
      const at = text.toString().indexOf(`${word} `)
      if (at < 0) continue
      this.onDelete(word)
      this.client.edit({ kind: 'delete', word }, () => text.delete(at, word.length + 1))
      return
    }
  }
}

/** Of the paragraphs; others may have put something else beside them. */
const textsOf = (document: Y.Doc): Y.XmlText[] =>
  document
    .getXmlFragment('default')
    .toArray()
    .map((node) => (node instanceof Y.XmlElement ? node.get(0) : node))
    .filter((node) => node instanceof Y.XmlText)

/** Every word of a document. */
export const wordsOf = (document: Y.Doc): Set<string> =>
  new Set(textsOf(document).flatMap((text) => text.toString().trim().split(' ')))
