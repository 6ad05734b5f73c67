/** Readable on white and on near-black, and told apart at a glance: carets and name tags carry white text. */
const palette = ['#c2410c', '#1d4ed8', '#047857', '#be123c', '#6d28d9', '#0e7490', '#a16207', '#a21caf', '#4d7c0f']

/** The colour of a person, by their id: the same in every document, on the server and in the page (FNV-1a). */
export function personColor(id: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  return palette[(hash >>> 0) % palette.length] as string
}
