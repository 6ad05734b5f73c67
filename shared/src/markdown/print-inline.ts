import type { Node } from 'prosemirror-model'
import { finish, mayPause, type Steps } from '../steps.ts'
import { escapingText, type TextContext } from './escape.ts'
import { encodeFlanks, type Piece } from './flanking.ts'
import { DELIMITERS, nestingRuns } from './nest.ts'
import { ITALIC, type Run, readingRuns } from './runs.ts'

export type InlineContext = {
  /** The text stands in a heading or a cell, where a hard break is `<br>`. */
  oneLine?: boolean
  /** White space at the ends is trimmed by JavaScript's rules, as in a cell. */
  inCell?: boolean
  /** The text opens a bullet item. */
  itemStart?: boolean
}

function mergeTexts(pieces: Piece[]): Piece[] {
  const merged: Piece[] = []
  for (const piece of pieces) {
    const last = merged.at(-1)
    if (piece.kind === 'text' && last?.kind === 'text') last.text += piece.text
    else merged.push(piece)
  }
  return merged
}

const isStar = (piece: Piece | undefined) =>
  piece !== undefined && (piece.kind === 'open' || piece.kind === 'close') && piece.text === '**'

/** Delimiters of one kind must not touch, or they read as one run: italic beside bold is written with underscores. */
function separateDelimiters(pieces: Piece[]): void {
  const open: { index: number; touches: boolean }[] = []
  const delimits = (piece: Piece | undefined) => piece?.kind === 'open' || piece?.kind === 'close'
  const touchesBold = (index: number) => {
    for (const step of [-1, 1]) {
      for (let at = index + step; delimits(pieces[at]); at += step) if (isStar(pieces[at])) return true
    }
    return false
  }
  pieces.forEach((piece, index) => {
    if (piece.text !== DELIMITERS[ITALIC] || !delimits(piece)) return
    if (piece.kind === 'open') {
      open.push({ index, touches: touchesBold(index) })
      return
    }
    const opening = open.pop()
    if (!opening || !(opening.touches || touchesBold(index))) return
    const start = pieces[opening.index] as Piece
    start.text = '_'
    piece.text = '_'
  })
}

/** Writes white space as references where a parser would trim it. */
function encodeEnds(pieces: Piece[], context: InlineContext): void {
  const trims = (char: string | undefined) => (context.inCell ? /\s/ : /[ \t]/).test(char ?? '')
  pieces.forEach((piece, index) => {
    if (piece.kind !== 'text') return
    const before = pieces[index - 1]
    const after = pieces[index + 1]
    if ((!before || (before.kind === 'break' && !context.oneLine)) && trims(piece.text[0])) piece.encodeFirst = true
    if (!after && trims(piece.text.at(-1))) piece.encodeLast = true
    // A digit after a formula would make its closing dollar a price.
    if (before?.kind === 'raw' && before.text.endsWith('$') && /^\d/.test(piece.text)) piece.encodeFirst = true
  })
}

/** The text of a piece with a mark where a character at its end becomes a reference. */
function withReferences(piece: Piece): string {
  if (piece.kind !== 'text') return piece.text
  const middle = piece.text.slice(piece.encodeFirst ? 1 : 0, piece.encodeLast ? -1 : undefined)
  return `${piece.encodeFirst ? '&' : ''}${middle}${piece.encodeLast ? '&' : ''}`
}

/** Whether dollar signs in the block may pair, wherever they stand; one before a digit closes no formula. */
function dollarsPair(pieces: Piece[]): boolean {
  if (!pieces.some(({ text }) => text.includes('$'))) return false
  const all = pieces.map(withReferences).join('')
  return all.indexOf('$') !== all.lastIndexOf('$') && /\$(?!\d)/.test(all)
}

/** Prints the inline content of a block. */
export const printInline = (block: Node, context: InlineContext = {}): string => finish(printingInline(block, context))

export function* printingInline(block: Node, context: InlineContext = {}): Steps<string> {
  return yield* printingRuns(yield* readingRuns(block), context)
}

/** The same of its runs, which this changes. */
export function* printingRuns(runs: Run[], context: InlineContext): Steps<string> {
  const oneLine = context.oneLine ?? false
  const pieces = mergeTexts(yield* nestingRuns(runs, oneLine))
  if (mayPause(pieces.length)) yield
  separateDelimiters(pieces)
  encodeEnds(pieces, context)
  if (mayPause(pieces.length)) yield
  encodeFlanks(pieces)
  if (mayPause(pieces.length)) yield
  const dollars = dollarsPair(pieces)
  const definition = pieces.some((piece) => piece.kind === 'text' && piece.text.includes(']:'))
  let links = 0
  const printed: string[] = []
  for (const [index, piece] of pieces.entries()) {
    if (mayPause()) yield
    if (piece.kind !== 'text') {
      if (piece.kind === 'raw' && piece.text === '[') links++
      else if (piece.kind === 'raw' && piece.text.startsWith('](')) links--
      printed.push(piece.text)
      continue
    }
    const before = pieces[index - 1]
    const after = pieces[index + 1]
    const textContext: TextContext = {
      lineStart: !oneLine && (!before || before.kind === 'break'),
      itemStart: (context.itemStart ?? false) && !before,
      inLink: links > 0,
      oneLine,
      dollars,
      definition,
      beforeLink: after?.kind === 'raw' && after.text.startsWith('['),
      encodeFirst: piece.encodeFirst,
      encodeLast: piece.encodeLast,
    }
    printed.push(yield* escapingText(piece.text, textContext))
  }
  return printed.join('')
}
