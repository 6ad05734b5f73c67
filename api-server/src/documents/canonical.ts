import { parseMarkdown } from '@mdcreator/shared/markdown/parse'
import { plainText, wordCount } from '@mdcreator/shared/markdown/plain-text'
import { printMarkdown } from '@mdcreator/shared/markdown/print'
import { Problem, problemTypes } from '../http/problem.ts'

/** The longest text, in UTF-8 bytes. */
const maxContentBytes = 2 * 1024 * 1024

/** A body that holds such a text: quotes and line ends take two bytes in JSON. */
export const contentBodyLimit = 2 * maxContentBytes + 64 * 1024

/** @throws Problem 413 */
export function checkContentSize(content: string): void {
  if (Buffer.byteLength(content) > maxContentBytes) {
    throw new Problem(problemTypes.tooLarge, 'A document holds at most 2 MiB of Markdown')
  }
}

/**
 * Markdown as the live document would print it, with what is projected from it: opening the document in an editor then
 * changes no hash.
 * @throws Problem 413 where that is too long: escapes make a text grow
 */
export function canonicalise(markdown: string): { content: string; plain_text: string; word_count: number } {
  const node = parseMarkdown(markdown)
  const plain_text = plainText(node)
  const content = printMarkdown(node)
  checkContentSize(content)
  return { content, plain_text, word_count: wordCount(plain_text) }
}
