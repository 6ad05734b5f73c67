import type { MarkdownIt, StateInline } from 'markdown-it'

const DOLLAR = 36
const BACKSLASH = 92

function runLength(text: string, from: number): number {
  let end = from
  while (text.charCodeAt(end) === DOLLAR) end++
  return end - from
}

/** The next dollar from `from` that no backslash escapes, or -1. */
function nextDollar(text: string, from: number): number {
  for (let at = text.indexOf('$', from); at >= 0; at = text.indexOf('$', at + 1)) {
    let slashes = 0
    while (at - slashes > from && text.charCodeAt(at - slashes - 1) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

/**
 * `$latex$`, by the rule of Pandoc: no space inside the dollars, no digit after them. Only the next dollar can close:
 * looking further would take quadratic time on a line of dollars.
 */
function inlineMath(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state
  if (src.charCodeAt(pos) !== DOLLAR) return false
  const run = runLength(src, pos)
  const end = run === 1 && !/\s/.test(src[pos + 1] ?? ' ') ? nextDollar(src, pos + 1) : -1
  const closes = end > 0 && end < posMax && !/\s/.test(src[end - 1] ?? '') && !/[0-9]/.test(src[end + 1] ?? '')
  if (!closes) {
    if (!silent) state.pending += src.slice(pos, pos + run)
    state.pos = Math.min(pos + run, posMax)
    return true
  }
  if (!silent) state.push('math_inline', '', 0).content = src.slice(pos + 1, end)
  state.pos = end + 1
  return true
}

/** Adds `$…$` to a markdown-it. */
export const mathRule = (md: MarkdownIt): void => {
  md.inline.ruler.after('escape', 'math_inline', inlineMath)
}
