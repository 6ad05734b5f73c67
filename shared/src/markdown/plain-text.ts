import type { Node } from 'prosemirror-model'
import { cleanText } from './clean.ts'

const SCRIPTS = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}'
const LETTERS = `[[\\p{L}\\p{N}\\p{M}_]--[${SCRIPTS}]]`
const WORD = new RegExp(`(?=\\p{L})[${SCRIPTS}]\\p{M}*|${LETTERS}+(?:['’.\\-]${LETTERS}+)*`, 'gv')

function leafText(node: Node): string {
  switch (node.type.name) {
    case 'hardBreak':
      return '\n'
    case 'image':
      return String(node.attrs['alt'] ?? '')
    case 'inlineMath':
    case 'blockMath':
      return String(node.attrs['latex'] ?? '')
    default:
      return ''
  }
}

/** The text of a document or block without any markup: a line for each block, image descriptions and formulas included. */
export const plainText = (doc: Node): string =>
  cleanText(doc.isLeaf ? leafText(doc) : doc.textBetween(0, doc.content.size, '\n', leafText))

/** How many words a text has. Scripts that are written without spaces count a word for each character. */
export const wordCount = (text: string): number => {
  let count = 0
  WORD.lastIndex = 0
  while (WORD.test(text)) count++
  return count
}
