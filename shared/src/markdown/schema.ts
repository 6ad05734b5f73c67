import { getSchema } from '@tiptap/core'
import type { NodeType, Schema } from 'prosemirror-model'
import { extensions } from './extensions.ts'

/** The ProseMirror schema of the editor. Every node that this folder reads or makes belongs to it. */
export const schema: Schema = getSchema(extensions)

/** A node type that the schema surely has. */
const type = (name: string): NodeType => {
  const found = schema.nodes[name]
  if (!found) throw new Error(`The editor has no node ${name}`)
  return found
}

/** The node types by name, so that a renamed extension fails at start and not in the middle of a document. */
export const nodes = {
  doc: schema.topNodeType,
  paragraph: type('paragraph'),
  heading: type('heading'),
  blockquote: type('blockquote'),
  codeBlock: type('codeBlock'),
  horizontalRule: type('horizontalRule'),
  bulletList: type('bulletList'),
  orderedList: type('orderedList'),
  listItem: type('listItem'),
  taskList: type('taskList'),
  taskItem: type('taskItem'),
  table: type('table'),
  tableRow: type('tableRow'),
  tableHeader: type('tableHeader'),
  tableCell: type('tableCell'),
  blockMath: type('blockMath'),
  inlineMath: type('inlineMath'),
  image: type('image'),
  hardBreak: type('hardBreak'),
}

/** The language of the code block that holds a document's front matter. */
export const FRONT_MATTER = 'front-matter'

/**
 * Quotes and lists nest up to this many levels (a quote is one, a list with its item two), in the parser and in the
 * printer alike. What lies deeper becomes text, so that no input exhausts the stack.
 */
export const MAX_LEVEL = 60
