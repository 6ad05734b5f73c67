import createMarkdownIt from 'markdown-it'
import { lastChar } from './escape.ts'

/**
 * Inline Markdown before its text is escaped. A delimiter must stand so that CommonMark's flanking rules (section 6.2)
 * let it open or close; `encodeFirst` and `encodeLast` write the character beside it as a reference, which counts as
 * punctuation.
 */
export type Piece =
  | { kind: 'open' | 'close'; text: string }
  | { kind: 'raw' | 'break'; text: string }
  | { kind: 'text'; text: string; encodeFirst: boolean; encodeLast: boolean }

type Side = 'space' | 'punctuation' | 'letter'

const { isWhiteSpace, isMdAsciiPunct, isPunctCharCode } = createMarkdownIt().utils

function classify(char: string): Side {
  const code = char.codePointAt(0)
  if (code === undefined || isWhiteSpace(code)) return 'space'
  return isMdAsciiPunct(code) || isPunctCharCode(code) ? 'punctuation' : 'letter'
}

/** What lies at the end of a piece, or at its start, as a delimiter beside it sees it. */
function sideOf(piece: Piece | undefined, end: boolean): Side {
  if (!piece) return 'space'
  const char = end ? lastChar(piece.text) : String.fromCodePoint(piece.text.codePointAt(0) ?? 32)
  if (piece.kind !== 'text') return classify(char)
  const single = char.length === piece.text.length
  const encoded = single ? piece.encodeFirst || piece.encodeLast : end ? piece.encodeLast : piece.encodeFirst
  return encoded ? 'punctuation' : classify(char)
}

/** True if a delimiter may open between these, or (with the sides exchanged) close. */
function opens(delimiter: string, outside: Side, inside: Side): boolean {
  if (delimiter === '_') return outside !== 'letter'
  return inside === 'letter' || outside !== 'letter'
}

/** Encodes the letters beside delimiters that would else be text. Encoding one may call for another, so it repeats. */
export function encodeFlanks(pieces: Piece[]): void {
  for (let changed = true; changed; ) {
    changed = false
    for (let index = pieces.length - 1; index >= 0; index--) {
      const piece = pieces[index] as Piece
      const before = pieces[index - 1]
      if (piece.kind !== 'open' || before?.kind !== 'text' || before.encodeLast) continue
      if (opens(piece.text, sideOf(before, true), sideOf(pieces[index + 1], false))) continue
      before.encodeLast = true
      changed = true
    }
    pieces.forEach((piece, index) => {
      const after = pieces[index + 1]
      if (piece.kind !== 'close' || after?.kind !== 'text' || after.encodeFirst) return
      if (opens(piece.text, sideOf(after, false), sideOf(pieces[index - 1], true))) return
      after.encodeFirst = true
      changed = true
    })
  }
}
