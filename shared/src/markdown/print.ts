import type { Node, NodeType } from 'prosemirror-model'
import { finish, mayPause, type Steps } from '../steps.ts'
import { cleanText } from './clean.ts'
import { htmlBlock } from './html.ts'
import { plainText } from './plain-text.ts'
import { printingInline, printingRuns } from './print-inline.ts'
import { printingTable } from './print-table.ts'
import { blockRuns, isBlank, type Run, readingRuns } from './runs.ts'
import { FRONT_MATTER, MAX_LEVEL, nodes, schema } from './schema.ts'

type Place = {
  /** How many quotes and lists are around: a list and its item count as two, as in the parser. */
  level: number
  /** The blocks are those of a list item; in a bullet item, `[ ]` would be a task. */
  item?: 'bullet' | 'ordered' | 'task'
  /** The marker of that item. */
  marker?: string
}

type ListKind = 'bullet' | 'ordered'
/** A printed block. `list` is the kind and marker of a list, `tight` whether its items may stand without blank lines. */
type Printed = { text: string; node: Node; list?: { kind: ListKind; marker: string; tight: boolean } }

/** Indents all lines but the first; blank lines stay blank. */
const hang = (text: string, indent: string): string => text.replace(/\n(?!\n|$)/g, `\n${indent}`)

const quote = (text: string): string => text.replace(/^.*$/gm, (line) => (line === '' ? '>' : `> ${line}`))

function printCodeBlock(node: Node): string {
  const text = cleanText(node.textContent)
  const language = cleanText(String(node.attrs['language'] ?? ''))
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\\(?=[!-/:-@[-`{-~])/g, '\\\\')
    .replace(/&(?=#?\w{1,32};)/g, '\\&')
  const marker = language.includes('`') ? '~' : '`'
  const closing = marker === '`' ? /^[ \t]*(`{3,})[ \t]*$/gm : /^[ \t]*(~{3,})[ \t]*$/gm
  let length = 3
  for (const match of text.matchAll(closing)) length = Math.max(length, (match[1]?.length ?? 0) + 1)
  const fence = marker.repeat(length)
  const info = language.startsWith('~') ? ` ${language}` : language
  return `${fence}${info}\n${text === '' ? '' : `${text}\n`}${fence}`
}

/** Front matter as it stands at the head of a file, or undefined if it could not be read back. */
function printFrontMatter(node: Node): string | undefined {
  if (node.type !== nodes.codeBlock || node.attrs['language'] !== FRONT_MATTER) return undefined
  const text = cleanText(node.textContent)
  if (/^[ \t]*(?:\n|$)/.test(text) && text !== '') return undefined
  return /^---[ \t]*$/m.test(text) ? undefined : `---\n${text === '' ? '' : `${text}\n`}---`
}

function printBlockMath(node: Node): string {
  // A line of dollars would end the formula.
  const latex = cleanText(String(node.attrs['latex'] ?? '')).replace(/^[^\S\n]*\$\$[^\S\n]*$/gm, '\\$$\\$$')
  return latex === '' ? '$$\n$$' : `$$\n${latex}\n$$`
}

const mayBeHtml = (paragraph: Node): boolean => paragraph.firstChild?.text?.startsWith('<') ?? false

/** A paragraph that reads back as an HTML block, printed as it is. */
function printHtml(runs: Run[]): string | undefined {
  const isPlain = ({ kind, emphasis, link }: Run, blank: boolean) =>
    (kind === 'text' || kind === 'break') && !link && (emphasis === 0 || blank)
  if (!runs.every((run) => isPlain(run, isBlank(run)))) return undefined
  const text = runs.map((run) => (run.kind === 'break' ? '\n' : run.text)).join('')
  const lines = text.split('\n')
  const { lines: taken, closed } = htmlBlock((index) => lines[index]?.replace(/^[ \t]+/, ''))
  return closed && taken === lines.length && lines.at(-1)?.trim() !== '' ? text : undefined
}

function* printingParagraph(node: Node, place: Place, first: boolean): Steps<string> {
  // HTML after a task's box, or where everything is a paragraph, is no block of its own.
  const inline = (first && place.item === 'task') || place.level >= MAX_LEVEL
  const runs = yield* readingRuns(node)
  const html = inline || !mayBeHtml(node) ? undefined : printHtml(runs)
  return html ?? (yield* printingRuns(runs, { itemStart: first && place.item === 'bullet' }))
}

function* printingHeading(node: Node): Steps<string> {
  const text = (yield* printingInline(node, { oneLine: true })).replace(/#$/, '\\#')
  return `${'#'.repeat(Number(node.attrs['level']))}${text ? ' ' : ''}${text}`
}

const firstNumber = (list: Node): number =>
  Math.min(Math.max(0, Math.trunc(Number(list.attrs['start'] ?? 1)) || 0), 999_999_999 - list.childCount)

/** Whether an item's blocks may follow each other without blank lines: a line of text, then lists that interrupt it. */
function isTight(item: Node, blocks: Printed[]): boolean {
  return blocks.every(({ node, text, list }, index) => {
    if (index === 0 && node.type === nodes.paragraph)
      return !(text.startsWith('<') && mayBeHtml(node) && printHtml(blockRuns(node)) !== undefined)
    if (!list?.tight) return false
    const interrupts = list.kind === 'bullet' || firstNumber(node) === 1
    const empty = /^(?:[-*]|\d+[.)])(?:\n|$)/.test(text)
    return index === 0 ? item.type !== nodes.taskItem : interrupts && !empty
  })
}

/** A task's box with the text of its first paragraph, then its other blocks. */
function withBox(item: Node, blocks: Printed[]): Printed[] {
  const box = item.attrs['checked'] === true ? '[x]' : '[ ]'
  const [head, ...rest] = blocks
  const node = item.child(0)
  return head?.node === node ? [{ node, text: `${box} ${head.text}` }, ...rest] : [{ node, text: box }, ...blocks]
}

function* printingList(list: Node, place: Place, delimiter: string): Steps<Printed> {
  const kind = list.type === nodes.orderedList ? 'ordered' : 'bullet'
  const start = firstNumber(list)
  let tight = true
  const items: string[] = []
  for (const [index, item] of list.children.entries()) {
    const task = item.type === nodes.taskItem
    const marker = kind === 'ordered' ? `${start + index}${delimiter}` : delimiter
    const printed = yield* printingEach(item.children, { level: place.level + 2, item: task ? 'task' : kind, marker })
    const blocks = task ? withBox(item, printed) : printed
    const itemTight = isTight(item, blocks)
    tight &&= itemTight
    const text = join(blocks, itemTight)
    items.push(text === '' ? marker : `${marker} ${hang(text, ' '.repeat(marker.length + 1))}`)
  }
  return { text: items.join(tight ? '\n' : '\n\n'), node: list, list: { kind, marker: delimiter, tight } }
}

/** The marker that keeps a list apart from the one before it; tasks and plain bullets are told apart anyway. */
function delimiterFor(node: Node, place: Place, previous: Printed | undefined): string {
  const kind = node.type === nodes.orderedList ? 'ordered' : 'bullet'
  const before = previous?.list?.kind === kind ? previous.list.marker : undefined
  if (kind === 'ordered') return before === '.' ? ')' : '.'
  if (previous && before && previous.node.type !== node.type) return before
  // `- - -` is a rule and not three lists.
  return (before ?? (previous ? undefined : place.marker)) === '-' ? '*' : '-'
}

function* printingOne(node: Node, place: Place, previous: Printed | undefined): Steps<Printed> {
  switch (node.type) {
    case nodes.heading:
      return { node, text: yield* printingHeading(node) }
    case nodes.codeBlock:
      return { node, text: printCodeBlock(node) }
    case nodes.blockMath:
      return { node, text: printBlockMath(node) }
    case nodes.horizontalRule:
      // `- ---` is a rule and no item.
      return { node, text: !previous && place.item ? '___' : '---' }
    case nodes.blockquote:
      return { node, text: quote(join(yield* printingEach(node.children, { level: place.level + 1 }))) }
    case nodes.table:
      return { node, text: yield* printingTable(node) }
    case nodes.bulletList:
    case nodes.orderedList:
    case nodes.taskList:
      return yield* printingList(node, place, delimiterFor(node, place, previous))
    default:
      return { node, text: yield* printingParagraph(node, place, !previous) }
  }
}

/** A block that lies too deep, as the paragraph that the parser would make of it. */
function asParagraph(node: Node): Node {
  const text = plainText(node).replaceAll('\n', ' ')
  return nodes.paragraph.create(null, text === '' ? null : schema.text(text))
}

type Beside = { type: NodeType | undefined; kind: ListKind | undefined; marker: string | undefined }
/** How a top-level block was printed last, and beside what: nodes never change, and of a live document few are new. */
const printedBefore = new WeakMap<Node, Beside & { printed: Printed }>()

function knownOf(node: Node, previous: Printed | undefined): Printed | undefined {
  const known = printedBefore.get(node)
  const list = previous?.list
  const isSame = known?.type === previous?.node.type && known?.kind === list?.kind && known?.marker === list?.marker
  return isSame ? known?.printed : undefined
}

function* printingNext(block: Node, place: Place, previous: Printed | undefined): Steps<Printed> {
  const isDeep = place.level >= MAX_LEVEL && block.type !== nodes.paragraph
  if (isDeep) return { ...(yield* printingOne(asParagraph(block), place, previous)), node: block }
  const printed = yield* printingOne(block, place, previous)
  const { kind, marker } = previous?.list ?? { kind: undefined, marker: undefined }
  if (place.level === 0) printedBefore.set(block, { type: previous?.node.type, kind, marker, printed })
  return printed
}

function* printingEach(blocks: readonly Node[], place: Place): Steps<Printed[]> {
  const printed: Printed[] = []
  for (const block of blocks) {
    const previous = printed.at(-1)
    const known = place.level === 0 ? knownOf(block, previous) : undefined
    const one = known ?? (yield* printingNext(block, place, previous))
    // Markdown has no empty paragraphs.
    if (one.text !== '') printed.push(one)
    if (mayPause()) yield
  }
  return printed
}

function join(blocks: Printed[], tight = false): string {
  const parts: string[] = []
  for (const [index, { text, node, list }] of blocks.entries()) {
    const previous = blocks[index - 1]
    // Tasks and bullets with one marker are one list to Markdown, so they stand as close as its items.
    const oneList = list && previous?.list?.kind === list.kind && previous.list.marker === list.marker
    const close = tight || (oneList && previous.list?.tight && list.tight && previous.node.type !== node.type)
    if (index > 0) parts.push(close ? '\n' : '\n\n')
    parts.push(text)
  }
  return parts.join('')
}

/**
 * Prints one block as it stands alone in a document, '' if nothing is left of it: two blocks that print alike read
 * back alike. Front matter is printed as the code block it is.
 */
export const printBlock = (block: Node): string => join(finish(printingEach([block], { level: 0 })))

/**
 * Prints a document as canonical Markdown, without a newline at the end; '' if it is empty. Takes linear time.
 * Printing what `parseMarkdown` reads from the result gives the same text again.
 *
 * Not kept, as Markdown has no way to write it:
 * - underline; marks on white space at the ends of an emphasis, or where one mark cuts another; marks on images and
 *   formulas other than those that both texts beside them have (an image has its link as an attribute);
 * - empty paragraphs, other than the only one in its container; hard breaks at the end of a block;
 * - whether a list was tight, numbering by letters, numbers above 999,999,999, sizes of images and columns;
 * - in tables: merged cells (their text stays in the first), more blocks in a cell than one paragraph (they become
 *   lines), alignment other than the first row's, and header cells elsewhere than in the first row, which is always one;
 * - in formulas: spaces at the ends of an inline one, and dollars (they are escaped);
 * - links and images whose scheme could run code (their text stays);
 * - lists and quotes deeper than `MAX_LEVEL` (their text stays).
 */
export const printMarkdown = (doc: Node): string => finish(printing(doc))

/** The same in steps; costs little for what was printed before. */
export function* printing(doc: Node): Steps<string> {
  const blocks = yield* printingEach(doc.children, { level: 0 })
  const [first] = blocks
  const head = first && printFrontMatter(first.node)
  if (first && head !== undefined) blocks[0] = { ...first, text: head }
  return join(blocks)
}
