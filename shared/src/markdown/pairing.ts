/** A block or a text: its kind (an element's name) and a text that stands for its content. */
export type Entry = { kind: string; key: string }

/** Beyond this many comparisons, blocks are paired in order. */
const MAX_COMPARED = 400
const MAX_WORDS = 200
/** What it is worth to keep a block of the same kind although no word is left of it. */
const SAME_KIND = 0.1

function words(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of (text.slice(0, 20_000).match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, MAX_WORDS)) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

const size = (counts: Map<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0)

/** How alike two texts are by their words, from 0 to 1 (the Dice coefficient). */
function similarity(a: Map<string, number>, b: Map<string, number>): number {
  let common = 0
  for (const [word, count] of a) common += Math.min(count, b.get(word) ?? 0)
  const total = size(a) + size(b)
  return total === 0 ? 0 : (2 * common) / total
}

function inOrder(old: readonly Entry[], fresh: readonly Entry[]): [old: number, fresh: number][] {
  const pairs: [number, number][] = []
  for (let at = 0, to = 0; at < old.length && to < fresh.length; ) {
    if (old[at]?.kind === fresh[to]?.kind) pairs.push([at++, to++])
    else if (old.length - at > fresh.length - to) at++
    else if (old.length - at < fresh.length - to) to++
    else {
      at++
      to++
    }
  }
  return pairs
}

/**
 * Which of the old entries becomes which of the fresh ones, in order: those of the same kind that are most alike in
 * sum. An entry in no pair is deleted or inserted.
 */
export function pairUp(old: readonly Entry[], fresh: readonly Entry[]): [old: number, fresh: number][] {
  if (old.length * fresh.length > MAX_COMPARED || old.length * fresh.length === 1) return inOrder(old, fresh)
  const oldWords = old.map(({ key }) => words(key))
  const freshWords = fresh.map(({ key }) => words(key))
  // best[i][j]: the highest sum for the entries from i and from j on.
  const best = old.map(() => new Float64Array(fresh.length + 1))
  best.push(new Float64Array(fresh.length + 1))
  const value = (i: number, j: number) => best[i]?.[j] ?? 0
  const worth = (i: number, j: number) =>
    old[i]?.kind === fresh[j]?.kind
      ? SAME_KIND + similarity(oldWords[i] ?? new Map(), freshWords[j] ?? new Map())
      : Number.NEGATIVE_INFINITY
  for (let i = old.length - 1; i >= 0; i--) {
    const row = best[i] as Float64Array
    for (let j = fresh.length - 1; j >= 0; j--) {
      row[j] = Math.max(value(i + 1, j), value(i, j + 1), value(i + 1, j + 1) + worth(i, j))
    }
  }
  const pairs: [number, number][] = []
  for (let i = 0, j = 0; i < old.length && j < fresh.length; ) {
    if (value(i, j) === value(i + 1, j + 1) + worth(i, j)) pairs.push([i++, j++])
    else if (value(i, j) === value(i + 1, j)) i++
    else j++
  }
  return pairs
}
