/** A stretch `a[aStart, aEnd)` that `b[bStart, bEnd)` replaces. */
export type Hunk = { aStart: number; aEnd: number; bStart: number; bEnd: number }

const MAX_DEPTH = 12

/** Where a value stands in each of two stretches, if once in each. */
function uniquePairs(a: readonly string[], b: readonly string[], hunk: Hunk): [a: number, b: number][] {
  const seen = new Map<string, { inA: number; inB: number; count: number }>()
  for (let index = hunk.aStart; index < hunk.aEnd; index++) {
    const found = seen.get(a[index] as string)
    if (found) found.count = 3
    else seen.set(a[index] as string, { inA: index, inB: -1, count: 1 })
  }
  for (let index = hunk.bStart; index < hunk.bEnd; index++) {
    const found = seen.get(b[index] as string)
    if (!found) continue
    found.inB = index
    found.count++
  }
  return [...seen.values()].filter(({ count, inB }) => count === 2 && inB >= 0).map(({ inA, inB }) => [inA, inB])
}

/** The longest part of the pairs that is in order in both sequences. */
function inOrder(pairs: [a: number, b: number][]): [a: number, b: number][] {
  const tails: number[] = []
  const before: number[] = []
  pairs.forEach(([, b], index) => {
    let low = 0
    let high = tails.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((pairs[tails[middle] as number] as [number, number])[1] < b) low = middle + 1
      else high = middle
    }
    before[index] = low > 0 ? (tails[low - 1] as number) : -1
    tails[low] = index
  })
  const ordered: [number, number][] = []
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index] as number) {
    ordered.push(pairs[index] as [number, number])
  }
  return ordered.reverse()
}

function diffWithin(a: readonly string[], b: readonly string[], hunk: Hunk, depth: number, out: Hunk[]): void {
  let { aStart, aEnd, bStart, bEnd } = hunk
  while (aStart < aEnd && bStart < bEnd && a[aStart] === b[bStart]) {
    aStart++
    bStart++
  }
  while (aStart < aEnd && bStart < bEnd && a[aEnd - 1] === b[bEnd - 1]) {
    aEnd--
    bEnd--
  }
  if (aStart === aEnd && bStart === bEnd) return
  const rest = { aStart, aEnd, bStart, bEnd }
  const anchors = depth < MAX_DEPTH && aStart < aEnd && bStart < bEnd ? inOrder(uniquePairs(a, b, rest)) : []
  if (anchors.length === 0) {
    out.push(rest)
    return
  }
  for (const [inA, inB] of anchors) {
    diffWithin(a, b, { aStart, aEnd: inA, bStart, bEnd: inB }, depth + 1, out)
    aStart = inA + 1
    bStart = inB + 1
  }
  diffWithin(a, b, { aStart, aEnd, bStart, bEnd }, depth + 1, out)
}

/**
 * The changes that turn one sequence into the other, in order: a patience diff, which matches what occurs once in each
 * and goes on between the matches. Takes O(n log n) time on any input, and keeps what a person would call unchanged.
 */
export function diff(a: readonly string[], b: readonly string[]): Hunk[] {
  const hunks: Hunk[] = []
  diffWithin(a, b, { aStart: 0, aEnd: a.length, bStart: 0, bEnd: b.length }, 0, hunks)
  return hunks
}
