import type { MarkdownIt, StateBlock } from 'markdown-it'
import { trimmedRange } from './clean.ts'
import { htmlBlock, startsHtmlBlock } from './html.ts'
import { MAX_LEVEL } from './schema.ts'

const lineText = (state: StateBlock, line: number): string =>
  state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line])

const indent = (state: StateBlock, line: number): number => (state.sCount[line] ?? 0) - state.blkIndent

function pushParagraph(state: StateBlock, start: number, next: number): true {
  const open = state.push('paragraph_open', 'p', 1)
  open.map = [start, next]
  const inline = state.push('inline', '', 0)
  const lines = state.getLines(start, next, state.blkIndent, false)
  inline.content = lines.slice(...trimmedRange(lines, ' \t\n'))
  inline.map = [start, next]
  inline.children = []
  state.push('paragraph_close', 'p', -1)
  state.line = next
  return true
}

/** Below the deepest level that may hold containers, whatever stands there is a paragraph. */
function tooDeep(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  if (state.level < MAX_LEVEL) return false
  if (silent) return false
  let next = start + 1
  while (next < end && !state.isEmpty(next) && ((state.sCount[next] ?? 0) < 0 || indent(state, next) >= 0)) next++
  return pushParagraph(state, start, next)
}

/** A footnote's text (`[^1]: …`) would else be read as a link reference definition and vanish. */
function footnote(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  if (silent || indent(state, start) >= 4 || !lineText(state, start).startsWith('[^')) return false
  const terminators = state.md.block.ruler.getRules('paragraph')
  const parent = state.parentType
  state.parentType = 'paragraph'
  let next = start + 1
  for (; next < end && !state.isEmpty(next); next++) {
    if (indent(state, next) > 3 || (state.sCount[next] ?? 0) < 0) continue
    if (terminators.some((rule) => rule(state, next, end, true))) break
  }
  state.parentType = parent
  return pushParagraph(state, start, next)
}

/** `$$` alone on a line, LaTeX, `$$` alone on a line; or `$$ … $$` as a line of its own. */
function blockMath(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  if (indent(state, start) >= 4) return false
  const first = lineText(state, start).trimEnd()
  if (!first.startsWith('$$')) return false
  let content: string
  let next = start + 1
  if (first === '$$') {
    while (next < end && lineText(state, next).trimEnd() !== '$$') {
      if (indent(state, next) < 0 && !state.isEmpty(next)) return false
      next++
    }
    if (next >= end) return false
    content = state.getLines(start + 1, next, state.blkIndent, false)
    next++
  } else {
    content = first.slice(2, -2)
    if (first.length < 5 || !first.endsWith('$$') || content.includes('$$') || !content.trim()) return false
    content = content.trim()
  }
  if (silent) return true
  const token = state.push('math_block', '', 0)
  token.content = content
  token.map = [start, next]
  state.line = next
  return true
}

/** Takes the same lines as markdown-it's own rule, by the matchers that the printer uses. */
function html(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  if (indent(state, start) >= 4) return false
  const first = lineText(state, start)
  if (silent) return startsHtmlBlock(first, true)
  const { lines } = htmlBlock((index) => {
    const line = start + index
    if (line >= end || (index > 0 && indent(state, line) < 0 && !state.isEmpty(line))) return undefined
    return lineText(state, line)
  })
  if (lines === 0) return false
  const token = state.push('html_block', '', 0)
  token.content = state.getLines(start, start + lines, state.blkIndent, false)
  token.map = [start, start + lines]
  state.line = start + lines
  return true
}

/** Adds the block rules of this dialect to a markdown-it. */
export function blockRules(md: MarkdownIt): void {
  const containers = ['paragraph', 'reference', 'blockquote', 'list']
  md.block.ruler.before('table', 'too_deep', tooDeep)
  md.block.ruler.before('fence', 'math_block', blockMath, { alt: containers })
  md.block.ruler.before('reference', 'footnote', footnote)
  md.block.ruler.at('html_block', html, { alt: ['paragraph', 'reference', 'blockquote'] })
}
