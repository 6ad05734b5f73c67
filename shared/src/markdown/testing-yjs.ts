import * as Y from 'yjs'
import { markdownToUpdate } from './yjs.ts'

export const fragmentOf = (doc: Y.Doc) => doc.getXmlFragment('default')

export function liveDocument(markdown: string): Y.Doc {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, markdownToUpdate(markdown))
  return doc
}

/** A second replica with the same content. */
export function peerOf(doc: Y.Doc): Y.Doc {
  const peer = new Y.Doc()
  Y.applyUpdate(peer, Y.encodeStateAsUpdate(doc))
  return peer
}

export function sync(a: Y.Doc, b: Y.Doc): void {
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b))
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
}

/** The updates that an action sends, in bytes each. */
export function updatesOf(doc: Y.Doc, action: () => void): number[] {
  const sizes: number[] = []
  const listener = (update: Uint8Array) => sizes.push(update.length)
  doc.on('update', listener)
  action()
  doc.off('update', listener)
  return sizes
}

export function textAt(doc: Y.Doc, ...path: number[]): Y.XmlText {
  let type: Y.XmlFragment | Y.XmlText = fragmentOf(doc)
  for (const index of path) type = (type as Y.XmlFragment).get(index) as Y.XmlText
  return type as Y.XmlText
}

export const element = (
  name: string,
  children: (Y.XmlElement | Y.XmlText)[] = [],
  attrs: Record<string, unknown> = {},
) => {
  const made = new Y.XmlElement(name)
  made.insert(0, children)
  for (const [key, value] of Object.entries(attrs)) made.setAttribute(key, value as string)
  return made
}
