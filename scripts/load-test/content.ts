import { seededRandom } from '@mdcreator/shared/random'
import * as Y from 'yjs'

const words = ['meadow', 'river', 'a', 'the', 'quiet', 'morning', 'light', 'over', 'and', 'stone', 'path', 'winding']

/** A document of paragraphs that several people wrote, of about so many bytes as an update. The same for the same seed. */
export function writtenDocument({ bytes, seed }: { bytes: number; seed: number }): Uint8Array {
  const random = seededRandom(seed)
  const pick = (): string => words[Math.floor(random() * words.length)] as string
  const document = new Y.Doc()
  const fragment = document.getXmlFragment('default')
  let written = 0
  while (written < bytes) {
    document.clientID = 1 + Math.floor(random() * 8)
    const text = Array.from({ length: 20 + Math.floor(random() * 60) }, pick).join(' ')
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(text)])
    fragment.push([paragraph])
    written += text.length + 30
  }
  return Y.encodeStateAsUpdate(document)
}

/**
 * A document with a long past: half of the characters in it are deleted, one here and one there, so that neither its
 * structs nor its deletions can be encoded together. About so many bytes as an update.
 */
export function revisedDocument({ bytes }: { bytes: number }): Uint8Array {
  const document = new Y.Doc()
  document.clientID = 1
  const fragment = document.getXmlFragment('default')
  const line = 'the quick brown fox jumps over the lazy dog and goes on through the meadow. '
  /** As measured: a character, its deleted neighbour, and their place in the deletions. */
  const bytesPerPair = 14
  for (let pairs = bytes / bytesPerPair; pairs > 0; pairs -= line.length * 4) {
    document.transact(() => {
      const paragraph = new Y.XmlElement('paragraph')
      const text = new Y.XmlText()
      paragraph.insert(0, [text])
      fragment.push([paragraph])
      text.insert(0, line.repeat(8))
      for (let at = 0; at < line.length * 4; at++) text.delete(at + 1, 1)
    })
  }
  return Y.encodeStateAsUpdate(document)
}
