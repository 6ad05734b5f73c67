/** Readable on white and on near-black: carets and name tags carry white text. */
const palette = [
  '#c2410c',
  '#b45309',
  '#4d7c0f',
  '#047857',
  '#0e7490',
  '#1d4ed8',
  '#6d28d9',
  '#a21caf',
  '#be123c',
  '#7c3aed',
]

/** A person's colour: the same in every document, on every server. */
export function colorOf(userId: string): string {
  let hash = 0
  for (const char of userId) hash = (hash * 31 + char.charCodeAt(0)) >>> 0
  return palette[hash % palette.length] as string
}
