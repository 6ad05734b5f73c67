import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { parseMarkdown } from './parse.ts'
import { printMarkdown } from './print.ts'
import { readFragment } from './yjs-read.ts'
import { updateChildren } from './yjs-write.ts'

/** The root type that TipTap's collaboration extension binds to (its default `field`). */
export const FIELD = 'default'

/**
 * The live document in the editor's schema, for `printMarkdown` and `plainText`.
 *
 * Content that the schema does not know, as a newer or a hostile client may have written, is read as its text. Never
 * throws on content, and never changes the document.
 */
export const readDocument = (doc: Y.Doc): Node => readFragment(doc.getXmlFragment(FIELD))

/** The live document as canonical Markdown (see `printMarkdown`), without NUL and lone surrogates. */
export const readMarkdown = (doc: Y.Doc): string => printMarkdown(readDocument(doc))

/**
 * Changes the live document so that it reads as the Markdown: afterwards `readMarkdown(doc)` is
 * `printMarkdown(parseMarkdown(markdown))`.
 *
 * One synchronous transaction with the origin, as small as the change: blocks that print the same keep their Yjs
 * identity and all that Markdown cannot carry, and text is changed word by word, so that cursors, comments and what
 * others are writing elsewhere stay. Markdown that the document already reads as makes no update.
 */
export function writeMarkdown(doc: Y.Doc, markdown: string, origin: unknown): void {
  const wanted = parseMarkdown(markdown)
  doc.transact(() => updateChildren(doc.getXmlFragment(FIELD), wanted), origin)
}

/**
 * A Yjs update that makes an empty document read as the Markdown. Two calls give two updates that both insert: apply
 * one of them, once.
 */
export function markdownToUpdate(markdown: string): Uint8Array {
  const doc = new Y.Doc()
  writeMarkdown(doc, markdown, null)
  return Y.encodeStateAsUpdate(doc)
}
