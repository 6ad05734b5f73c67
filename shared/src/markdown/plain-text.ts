import type { Node } from 'prosemirror-model'
import { finish, mayPause, type Steps } from '../steps.ts'
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

/** The text of a block without any markup: a line for each block in it, image descriptions and formulas included. */
export const plainText = (block: Node): string =>
  cleanText(block.isLeaf ? leafText(block) : block.textBetween(0, block.content.size, '\n', leafText))

export type DocumentText = { plainText: string; wordCount: number }

/** Of top-level blocks: nodes never change, and of a live document few are new. */
const known = new WeakMap<Node, BlockText>()
type BlockText = { text: string; words: number; isLine: boolean }

/** The text of a document, a line for each block, and how many words it has. */
export const documentText = (doc: Node): DocumentText => finish(readingText(doc))

/** The same in steps; costs little for what was read before. */
export function* readingText(doc: Node): Steps<DocumentText> {
  const lines: string[] = []
  let words = 0
  for (const block of doc.children) {
    const own = known.get(block) ?? (yield* readingBlock(block))
    if (own.isLine) lines.push(own.text)
    words += own.words
    if (mayPause()) yield
  }
  return { plainText: lines.join('\n'), wordCount: words }
}

function* readingBlock(block: Node): Steps<BlockText> {
  const text = plainText(block)
  // An empty paragraph is one, a rule is none.
  const own = { text, words: yield* countingWords(text), isLine: text !== '' || hasTextblock(block) }
  known.set(block, own)
  return own
}

const hasTextblock = (node: Node): boolean => node.isTextblock || node.children.some(hasTextblock)

/** How many words a text has. Scripts that are written without spaces count a word for each character. */
export const wordCount = (text: string): number => finish(countingWords(text))

function* countingWords(text: string): Steps<number> {
  let count = 0
  let at = 0
  for (;;) {
    WORD.lastIndex = at
    if (!WORD.test(text)) return count
    count++
    at = WORD.lastIndex
    if (mayPause()) yield
  }
}
