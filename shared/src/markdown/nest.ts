import type { Link } from './print-leaves.ts'
import { BOLD, EMPHASIS, ITALIC, inheritMarks, isBlank, type Run, STRIKE, sameLink } from './runs.ts'

/** Inline content as Markdown nests it: runs, links and emphasis around them. */
export type Nested = Run | { emphasis: number; children: Nested[] } | { link: Link; children: Nested[] }

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

class Nesting {
  changed = false
  readonly runs: Run[]
  readonly linkEnds: number[]
  readonly emphasisEnds: Map<number, number[]>

  constructor(runs: Run[]) {
    this.runs = runs
    this.linkEnds = stretchEnds(runs, (a, b) => sameLink(a.link, b.link))
    this.emphasisEnds = new Map(
      EMPHASIS.map((bit) => [bit, stretchEnds(runs, (a, b) => (a.emphasis & bit) === (b.emphasis & bit))]),
    )
  }

  /** Takes a mark off a stretch. Breaks only inherit theirs, so that alone does not call for nesting again. */
  clear(from: number, to: number, bit: number): void {
    for (const run of this.runs.slice(from, to)) {
      run.emphasis &= ~bit
      if (run.kind !== 'break') this.changed = true
    }
  }

  /** Nests `runs[from, to)`; the mark that reaches furthest is the outermost. */
  nest(from: number, to: number, open: number, inLink: boolean): Nested[] {
    const out: Nested[] = []
    for (let index = from; index < to; ) {
      const run = this.runs[index] as Run
      let end = index
      let mark = 0
      const linkEnd = Math.min(to, this.linkEnds[index] as number)
      if (run.link && !inLink) end = linkEnd
      for (const bit of EMPHASIS) {
        const stretch = Math.min(to, (this.emphasisEnds.get(bit) as number[])[index] as number)
        if (run.emphasis & ~open & bit && stretch > end) {
          end = stretch
          mark = bit
        }
      }
      if (end === index) {
        out.push(run)
        index++
      } else if (mark === 0) {
        out.push({ link: run.link as Link, children: this.nest(index, end, open, true) })
        index = end
      } else {
        // Where another mark cuts this one, white space may lie at the cut.
        const [start, stop] = withoutSpace(this.runs, index, end)
        this.clear(index, start, mark)
        for (const blank of this.nest(index, start, open, inLink)) out.push(blank)
        if (start < stop) out.push({ emphasis: mark, children: this.nest(start, stop, open | mark, inLink) })
        index = stop
      }
    }
    return out
  }
}

/**
 * Nests the runs of a block, so that every mark opens and closes within its parent. Marks are taken off white space
 * where CommonMark has no way to write them; the result is what a parser reads back, so nesting that again is stable.
 */
export function nestRuns(runs: Run[]): Nested[] {
  for (let pass = 0; ; pass++) {
    // Marks that cut each other over and over: keep one of them.
    if (pass === MAX_PASSES) for (const run of runs) run.emphasis &= BOLD
    inheritMarks(runs)
    const nesting = new Nesting(runs)
    const nested = nesting.nest(0, runs.length, 0, false)
    if (!nesting.changed) return nested
  }
}

export const isEmphasis = (nested: Nested): nested is { emphasis: number; children: Nested[] } =>
  'children' in nested && 'emphasis' in nested

export const DELIMITERS: Record<number, string> = { [BOLD]: '**', [ITALIC]: '*', [STRIKE]: '~~' }
