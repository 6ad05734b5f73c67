import type { Node } from 'prosemirror-model'
import { escapeText, type TextContext } from './escape.ts'
import { encodeFlanks, type Piece } from './flanking.ts'
import { DELIMITERS, isEmphasis, type Nested, nestRuns } from './nest.ts'
import { printAutolink, printCode, printLinkEnd } from './print-leaves.ts'
import { blockRuns, ITALIC, type Run } from './runs.ts'

export type InlineContext = {
  /** The text stands in a heading or a cell, where a hard break is `<br>`. */
  oneLine?: boolean
  /** White space at the ends is trimmed by JavaScript's rules, as in a cell. */
  inCell?: boolean
  /** The text opens a bullet item. */
  itemStart?: boolean
}

const text = (content: string): Piece => ({ kind: 'text', text: content, encodeFirst: false, encodeLast: false })
const raw = (content: string): Piece => ({ kind: 'raw', text: content })

function pieceOf(run: Run, oneLine: boolean): Piece {
  switch (run.kind) {
    case 'text':
      return text(run.text)
    case 'code':
      return raw(printCode(run.text))
    case 'image':
    case 'formula':
      return raw(run.text)
    case 'break':
      return { kind: 'break', text: oneLine ? '<br>' : '\\\n' }
  }
}

function flatten(nested: Nested[], oneLine: boolean, out: Piece[]): Piece[] {
  for (const part of nested) {
    if ('kind' in part) {
      out.push(pieceOf(part, oneLine))
    } else if (isEmphasis(part)) {
      const delimiter = DELIMITERS[part.emphasis] as string
      out.push({ kind: 'open', text: delimiter })
      flatten(part.children, oneLine, out)
      out.push({ kind: 'close', text: delimiter })
    } else {
      const only = part.children.length === 1 ? part.children[0] : undefined
      const autolink = only && 'kind' in only && only.kind === 'text' ? printAutolink(only.text, part.link) : undefined
      if (autolink) out.push(raw(autolink))
      else {
        out.push(raw('['))
        flatten(part.children, oneLine, out)
        out.push(raw(printLinkEnd(part.link)))
      }
    }
  }
  return out
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
  const all = pieces.map(withReferences).join('')
  return all.split('$').length > 2 && /\$(?!\d)/.test(all)
}

/** Prints the inline content of a block. */
export function printInline(block: Node, context: InlineContext = {}): string {
  const oneLine = context.oneLine ?? false
  const pieces = mergeTexts(flatten(nestRuns(blockRuns(block)), oneLine, []))
  separateDelimiters(pieces)
  encodeEnds(pieces, context)
  encodeFlanks(pieces)
  const dollars = dollarsPair(pieces)
  const definition = pieces.some((piece) => piece.kind === 'text' && piece.text.includes(']:'))
  let links = 0
  const printed = pieces.map((piece, index) => {
    if (piece.kind !== 'text') {
      if (piece.kind === 'raw' && piece.text === '[') links++
      else if (piece.kind === 'raw' && piece.text.startsWith('](')) links--
      return piece.text
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
    return escapeText(piece.text, textContext)
  })
  return printed.join('')
}
