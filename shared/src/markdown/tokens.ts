import type { MarkdownIt, StateCore, Token } from 'markdown-it'
import { splitTasks } from './tasks.ts'

/** What a parse leaves in markdown-it's environment. */
export type ParseEnv = {
  /** Characters of addresses and titles that references (`[text][label]`) stand for. */
  referenced?: number
}

type Make = (type: string, tag: string, nesting: -1 | 0 | 1) => Token

const BREAK = /^<br\s*\/?>$/i
const ONCE = new Set(['em', 'strong', 's'])

/** Tokens of a line of text as it stands, with a hard break between its lines. */
function literal(make: Make, lines: string[]): Token[] {
  const inline = make('inline', '', 0)
  inline.children = lines.flatMap((line, index) => {
    const text = make('text', '', 0)
    text.content = line
    return index > 0 ? [make('hardbreak', 'br', 0), text] : [text]
  })
  return [make('paragraph_open', 'p', 1), inline, make('paragraph_close', 'p', -1)]
}

/**
 * HTML becomes text (in a line that cannot break, `<br>` is the hard break), and emphasis within emphasis of the same
 * kind is emphasis once: a ProseMirror mark does not nest in itself. An image carries the link around it.
 */
function adaptInline(make: Make, children: Token[], oneLine: boolean): Token[] {
  const depth = new Map<string, number>()
  let link: Token | undefined
  return children.flatMap((token) => {
    if (token.type === 'link_open') link = token
    else if (token.type === 'link_close') link = undefined
    else if (token.type === 'image' && link) {
      token.attrSet('href', String(link.attrGet('href') ?? ''))
      token.attrSet('linkTitle', String(link.attrGet('title') ?? ''))
    }
    if (token.type === 'html_inline') {
      if (oneLine && BREAK.test(token.content)) return [make('hardbreak', 'br', 0)]
      const text = make('text', '', 0)
      text.content = token.content.replaceAll('\n', ' ')
      return [text]
    }
    const mark = token.type.replace(/_(?:open|close)$/, '')
    if (!ONCE.has(mark)) return [token]
    const level = (depth.get(mark) ?? 0) + token.nesting
    depth.set(mark, level)
    return (token.nesting > 0 ? level === 1 : level === 0) ? [token] : []
  })
}

/** The labels that links and images refer to; adds up what they stand for. */
function usedLabels(tokens: Token[], env: ParseEnv, used = new Set<string>()): Set<string> {
  for (const token of tokens) {
    const label = token.meta?.['label']
    if (token.type !== 'reference_definition' && typeof label === 'string') {
      used.add(label)
      const cost = `${token.attrGet('href') ?? token.attrGet('src') ?? ''}${token.attrGet('title') ?? ''}`.length
      env.referenced = (env.referenced ?? 0) + cost
    }
    if (token.children) usedLabels(token.children, env, used)
  }
  return used
}

/** Turns markdown-it's tokens into ones that map onto the editor's nodes one to one. */
function adapt(state: StateCore): void {
  const make: Make = (type, tag, nesting) => new state.Token(type, tag, nesting)
  const used = usedLabels(state.tokens, state.env as ParseEnv)
  const lines = state.src.split('\n')
  const adapted: Token[] = []
  let oneLine = false
  for (const token of state.tokens) {
    switch (token.type) {
      case 'thead_open':
      case 'thead_close':
      case 'tbody_open':
      case 'tbody_close':
        break
      case 'th_open':
      case 'td_open':
        oneLine = true
        adapted.push(token, make('paragraph_open', 'p', 1))
        break
      case 'th_close':
      case 'td_close':
        oneLine = false
        adapted.push(make('paragraph_close', 'p', -1), token)
        break
      case 'heading_open':
      case 'heading_close':
        oneLine = token.nesting > 0
        adapted.push(token)
        break
      case 'html_block':
        adapted.push(...literal(make, token.content.trimStart().split('\n')))
        break
      case 'reference_definition': {
        // The links hold the address from here on. A definition that no link uses is kept, as text.
        const label = token.meta?.['label'] as string
        const [start, end] = token.map ?? [0, 0]
        const source = lines.slice(start, end).join(' ').trim()
        if (!used.delete(label)) adapted.push(...literal(make, [source.slice(source.indexOf('['))]))
        break
      }
      case 'inline':
        token.children = adaptInline(make, token.children ?? [], oneLine)
        adapted.push(token)
        break
      default:
        adapted.push(token)
    }
  }
  state.tokens = splitTasks(adapted, make)
}

/** Adds the step that shapes tokens for the editor to a markdown-it. */
export const editorTokens = (md: MarkdownIt): void => {
  md.core.ruler.after('inline', 'editor_tokens', adapt)
}
