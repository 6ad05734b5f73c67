import type { Node } from 'prosemirror-model'
import { FRONT_MATTER, nodes } from './schema.ts'

const CARRIED = ['level', 'language', 'start', 'checked', 'latex', 'src', 'alt', 'title', 'align', 'href', 'linkTitle']

const attrsOf = (attrs: Record<string, unknown>) =>
  CARRIED.filter((name) => attrs[name] !== undefined && attrs[name] !== null && attrs[name] !== '')
    .map((name) => ` ${name}=${JSON.stringify(attrs[name])}`)
    .join('')

/** The characters of a line with their marks; white space has none, and none stands at the end of a line's marks. */
function inlineContent(block: Node): string {
  const parts: string[] = []
  for (const node of block.children) {
    const marks = node.marks.map((mark) => mark.type.name + attrsOf(mark.attrs)).sort()
    const isCode = marks.includes('code')
    const linked = marks.filter((mark) => mark.startsWith('link'))
    if (node.type === nodes.hardBreak) parts.push('⏎')
    else if (!node.isText) parts.push(`{${node.type.name}${attrsOf(node.attrs)}}`)
    else for (const char of node.text ?? '') parts.push(char + (isCode || !/\s/.test(char) ? marks : linked))
  }
  while (parts.at(-1)?.startsWith('⏎')) parts.pop()
  return parts.join('')
}

/**
 * All of a document that Markdown can carry, to compare by: without empty paragraphs, marks on white space, hard breaks
 * at the end of a block, and the other losses that `printMarkdown` documents.
 */
export function content(node: Node): string {
  if (node.isTextblock) {
    const front = node.attrs['language'] === FRONT_MATTER
    const text = inlineContent(node)
    return text === '' && node.type === nodes.paragraph
      ? ''
      : `<${node.type.name}${front ? '' : attrsOf(node.attrs)}>${text}`
  }
  const children = node.children.map(content).filter((text) => text !== '')
  return `<${node.type.name}${attrsOf(node.attrs)}>[${children.join('')}]`
}
