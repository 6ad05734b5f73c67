import type { Node } from 'prosemirror-model'
import { finish, mayPause, type Steps } from '../steps.ts'
import { cleanText, trimmedRange } from './clean.ts'
import { type Link, printImage, printInlineMath } from './print-leaves.ts'
import { nodes } from './schema.ts'
import { isSafeUrl } from './urls.ts'

/** The marks that delimiters express, as bits. */
export const BOLD = 1
export const ITALIC = 2
export const STRIKE = 4
export const EMPHASIS = [BOLD, ITALIC, STRIKE]

const BITS: Record<string, number> = { bold: BOLD, italic: ITALIC, strike: STRIKE }

/** A stretch of a line with the same marks; the text of an image or a formula is Markdown already. */
export type Run = {
  kind: 'text' | 'code' | 'break' | 'image' | 'formula'
  text: string
  emphasis: number
  link: Link | undefined
}

/** White space as CommonMark's rules for emphasis see it (section 6.2), not as JavaScript does. */
const SPACES = `\t\n\v\f\r \u00a0\u1680${String.fromCharCode(...Array.from({ length: 11 }, (_, i) => 0x2000 + i))}\u202f\u205f\u3000`

export const isSpace = (char: string): boolean => char !== '' && SPACES.includes(char)

export const isBlank = (run: Run): boolean =>
  run.kind === 'break' || (run.kind === 'text' && trimmedRange(run.text, SPACES)[0] === run.text.length)

const linkOf = (href: unknown, title: unknown): Link | undefined =>
  typeof href === 'string' && isSafeUrl(href)
    ? { href: cleanText(href), title: cleanText(String(title ?? '')) }
    : undefined

export const sameLink = (a: Link | undefined, b: Link | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.href === b.href && a.title === b.title)

/** White space at either end of a text is a run of its own, so that emphasis can leave it out. */
function splitSpace(run: Run, into: Run[]): void {
  const { text } = run
  const [start, end] = trimmedRange(text, SPACES)
  if (start === 0 && end === text.length) into.push(run)
  else
    for (const part of [text.slice(0, start), text.slice(start, end), text.slice(end)])
      if (part !== '') into.push({ ...run, text: part })
}

type Marks = Pick<Run, 'emphasis' | 'link'>

function leafRun(node: Node, marks: Marks): Run {
  const attr = (name: string) => cleanText(String(node.attrs[name] ?? ''))
  if (node.type !== nodes.image) return { ...marks, kind: 'formula', text: printInlineMath(attr('latex')) }
  const alt = attr('alt').replaceAll('\n', ' ')
  const src = attr('src')
  const link = linkOf(node.attrs['href'], node.attrs['linkTitle'])
  return isSafeUrl(src)
    ? { ...marks, link, kind: 'image', text: printImage(src, alt, attr('title')) }
    : { ...marks, link, kind: 'text', text: alt }
}

/** The run of a node; a text may have several lines. */
function runOf(node: Node): Run {
  // Yjs keeps no marks on what is no text: see inheritMarks.
  if (node.type === nodes.hardBreak) return { kind: 'break', text: '', emphasis: 0, link: undefined }
  if (!node.isText) return leafRun(node, { emphasis: 0, link: undefined })
  let emphasis = 0
  for (const mark of node.marks) emphasis |= BITS[mark.type.name] ?? 0
  const attrs = node.marks.find((mark) => mark.type.name === 'link')?.attrs
  const base = { emphasis, link: linkOf(attrs?.['href'], attrs?.['title']) }
  const text = cleanText(node.text ?? '')
  if (node.marks.some((mark) => mark.type.name === 'code')) {
    return { ...base, kind: 'code', text: text.replaceAll('\n', ' ') }
  }
  return { ...base, kind: 'text', text }
}

const isText = (run: Run | undefined) => run?.kind === 'text' || run?.kind === 'code'

/** Gives images, formulas and breaks the marks that the texts on both sides share, as if the marks went through. */
export function inheritMarks(runs: Run[]): void {
  for (let index = 0; index < runs.length; index++) {
    if (isText(runs[index])) continue
    let end = index
    while (end < runs.length && !isText(runs[end])) end++
    const before = runs[index - 1]
    const after = runs[end]
    for (const run of runs.slice(index, end)) {
      run.emphasis = (before?.emphasis ?? 0) & (after?.emphasis ?? 0)
      // An image has a link of its own, or none.
      if (run.kind !== 'image' && sameLink(before?.link, after?.link)) run.link = before?.link
    }
    index = end
  }
}

/** Adds a run to others, or to the last of them. */
function append(run: Run, runs: Run[]): void {
  if (run.text === '' && run.kind !== 'break') return
  const last = runs.at(-1)
  const merges =
    last?.kind === run.kind && isText(run) && last.emphasis === run.emphasis && sameLink(last.link, run.link)
  if (merges) last.text += run.text
  else runs.push(run)
}

/** The runs of a block's inline content, without the hard breaks at its end, which Markdown cannot express. */
export const blockRuns = (block: Node): Run[] => finish(readingRuns(block))

export function* readingRuns(block: Node): Steps<Run[]> {
  const joined: Run[] = []
  for (const child of block.children) {
    const run = runOf(child)
    let from = 0
    for (let end = run.text.indexOf('\n'); end >= 0; end = run.text.indexOf('\n', from)) {
      append({ ...run, text: run.text.slice(from, end) }, joined)
      append({ ...run, kind: 'break', text: '' }, joined)
      from = end + 1
      if (mayPause()) yield
    }
    append(from === 0 ? run : { ...run, text: run.text.slice(from) }, joined)
    if (mayPause()) yield
  }
  while (joined.at(-1)?.kind === 'break') joined.pop()
  const runs: Run[] = []
  for (const run of joined) {
    if (run.kind === 'text') splitSpace(run, runs)
    else runs.push(run)
    if (mayPause()) yield
  }
  return runs
}
