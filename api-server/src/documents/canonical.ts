import { TaskWorker } from '@mdcreator/shared/task-worker'
import { Problem, problemTypes } from '../http/problem.ts'
import { type Canonical, type canonicalTasks, toCanonical } from './canonical-tasks.ts'

/** The longest text, in UTF-8 bytes. */
const maxContentBytes = 2 * 1024 * 1024

/** A body that holds such a text: quotes and line ends take two bytes in JSON. */
export const contentBodyLimit = 2 * maxContentBytes + 64 * 1024

/** Up to here a text takes less time than the way to another thread and back. */
const shortLength = 8 * 1024

const worker = new TaskWorker<typeof canonicalTasks>(new URL('./canonical-tasks.ts', import.meta.url))

/** @throws Problem 413 */
export function checkContentSize(content: string): void {
  if (Buffer.byteLength(content) > maxContentBytes) {
    throw new Problem(problemTypes.tooLarge, 'A document holds at most 2 MiB of Markdown')
  }
}

/** True where `canonicalise` is work that only those who may create the document should cause. */
export const isLong = (markdown: string): boolean => markdown.length > shortLength

/**
 * Markdown as the live document would print it, with what is projected from it: opening the document in an editor then
 * changes no hash. Long texts are read in a thread of their own: two megabytes take seconds.
 * @throws Problem 413 where the result is too long: escapes make a text grow
 */
export async function canonicalise(markdown: string): Promise<Canonical> {
  const text = isLong(markdown) ? await worker.run('canonicalise', markdown) : toCanonical(markdown)
  checkContentSize(text.content)
  return text
}
