import { parseMarkdown } from '@mdcreator/shared/markdown/parse'
import { documentText } from '@mdcreator/shared/markdown/plain-text'
import { printMarkdown } from '@mdcreator/shared/markdown/print'
import { serveTasks } from '@mdcreator/shared/task-worker'

export type Canonical = { content: string; plain_text: string; word_count: number }

/** See `canonicalise`. */
export function toCanonical(markdown: string): Canonical {
  const node = parseMarkdown(markdown)
  const { plainText: plain_text, wordCount: word_count } = documentText(node)
  return { content: printMarkdown(node), plain_text, word_count }
}

/** What the worker thread runs; in the main thread this module only lends its function. */
export const canonicalTasks = { canonicalise: toCanonical }

serveTasks(canonicalTasks)
