import { mayPause, type Steps } from '../steps.ts'
import type { Piece } from './flanking.ts'
import { type Link, printAutolink, printCode, printLinkEnd } from './print-leaves.ts'
import { BOLD, EMPHASIS, ITALIC, inheritMarks, isBlank, type Run, STRIKE, sameLink } from './runs.ts'

export const DELIMITERS: Record<number, string> = { [BOLD]: '**', [ITALIC]: '*', [STRIKE]: '~~' }

const MAX_PASSES = 6

/** For each run, where the stretch ends that has the same mark. */
function stretchEnds(runs: Run[], same: (a: Run, b: Run) => boolean): number[] {
  const ends = new Array<number>(runs.length)
  for (let index = runs.length - 1; index >= 0; index--) {
    const run = runs[index] as Run
    const next = runs[index + 1]
    ends[index] = next && same(run, next) ? (ends[index + 1] as number) : index + 1
  }
  return ends
}

/** The part of `runs[from, to)` that a mark can enclose: a delimiter beside white space is text. */
function withoutSpace(runs: Run[], from: number, to: number): [start: number, end: number] {
  let start = from
  while (start < to && isBlank(runs[start] as Run)) start++
  let end = to
  while (end > start && isBlank(runs[end - 1] as Run)) end--
  return [start, end]
}

/** What is around some runs: a link, an emphasis, or (around white space before one) nothing. */
type Around = {
  to: number
  link?: Link
  mark?: number
  /** The marks that are open within it. */
  open: number
  inLink: boolean
  /** Where its pieces start, once it is open. */
  from?: number
}

const raw = (text: string): Piece => ({ kind: 'raw', text })

function pieceOf(run: Run, oneLine: boolean): Piece {
  switch (run.kind) {
    case 'text':
      return { kind: 'text', text: run.text, encodeFirst: false, encodeLast: false }
    case 'code':
      return raw(printCode(run.text))
    case 'image':
    case 'formula':
      return raw(run.text)
    case 'break':
      return { kind: 'break', text: oneLine ? '<br>' : '\\\n' }
  }
}

/** Writes runs with what is around them, one at a time; the mark that reaches furthest is the outermost. */
class Nesting {
  changed = false
  readonly pieces: Piece[] = []
  private readonly runs: Run[]
  private readonly oneLine: boolean
  private readonly linkEnds: number[]
  private readonly emphasisEnds: number[][]
  private readonly around: Around[]
  private index = 0

  constructor(runs: Run[], oneLine: boolean) {
    this.runs = runs
    this.oneLine = oneLine
    this.linkEnds = stretchEnds(runs, (a, b) => sameLink(a.link, b.link))
    this.emphasisEnds = EMPHASIS.map((bit) => stretchEnds(runs, (a, b) => (a.emphasis & bit) === (b.emphasis & bit)))
    this.around = [{ to: runs.length, open: 0, inLink: false }]
  }

  /** Writes the next run, or what stands before or behind some; false once all is written. */
  next(): boolean {
    const around = this.around.at(-1)
    if (!around) return false
    if (around.from === undefined) this.open(around)
    else if (this.index === around.to) this.close(around, around.from)
    else this.take(around)
    return true
  }

  private open(around: Around): void {
    around.from = this.pieces.length
    if (around.link) this.pieces.push(raw('['))
    else if (around.mark) this.pieces.push({ kind: 'open', text: DELIMITERS[around.mark] as string })
  }

  private close({ link, mark }: Around, from: number): void {
    this.around.pop()
    if (mark) this.pieces.push({ kind: 'close', text: DELIMITERS[mark] as string })
    if (!link) return
    const only = this.pieces.length === from + 2 ? this.pieces.at(-1) : undefined
    const autolink = only?.kind === 'text' ? printAutolink(only.text, link) : undefined
    if (autolink) this.pieces.splice(from, 2, raw(autolink))
    else this.pieces.push(raw(printLinkEnd(link)))
  }

  private take({ to, open, inLink }: Around): void {
    const { index } = this
    const run = this.runs[index] as Run
    let end = run.link && !inLink ? Math.min(to, this.linkEnds[index] as number) : index
    let mark = 0
    for (const [i, bit] of EMPHASIS.entries()) {
      if (!(run.emphasis & ~open & bit)) continue
      const stretch = Math.min(to, this.emphasisEnds[i]?.[index] as number)
      if (stretch <= end) continue
      end = stretch
      mark = bit
    }
    if (end === index) {
      this.pieces.push(pieceOf(run, this.oneLine))
      this.index++
    } else if (mark === 0) {
      this.around.push({ to: end, link: run.link as Link, open, inLink: true })
    } else {
      // Where another mark cuts this one, white space may lie at the cut.
      const [start, stop] = withoutSpace(this.runs, index, end)
      this.clear(index, start, mark)
      if (start < stop) this.around.push({ to: stop, mark, open: open | mark, inLink })
      if (index < start) this.around.push({ to: start, open, inLink })
    }
  }

  /** Takes a mark off a stretch. Breaks only inherit theirs, so that alone does not call for nesting again. */
  private clear(from: number, to: number, bit: number): void {
    for (let index = from; index < to; index++) {
      const run = this.runs[index] as Run
      run.emphasis &= ~bit
      if (run.kind !== 'break') this.changed = true
    }
  }
}

/**
 * Nests the runs of a block, so that every mark opens and closes within its parent. Marks are taken off white space
 * where CommonMark has no way to write them; the result is what a parser reads back, so nesting that again is stable.
 */
export function* nestingRuns(runs: Run[], oneLine: boolean): Steps<Piece[]> {
  if (runs.every(({ emphasis, link }) => emphasis === 0 && !link)) return runs.map((run) => pieceOf(run, oneLine))
  for (let pass = 0; ; pass++) {
    // Marks that cut each other over and over: keep one of them.
    if (pass === MAX_PASSES) for (const run of runs) run.emphasis &= BOLD
    inheritMarks(runs)
    if (mayPause(runs.length)) yield
    const nesting = new Nesting(runs, oneLine)
    while (nesting.next()) if (mayPause()) yield
    if (!nesting.changed) return nesting.pieces
  }
}
