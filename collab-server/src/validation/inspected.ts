/** What was found out about an update by trying it on a copy of its document. */
export type Inspection = {
  /** `ok` where the update can be applied in a bearable time, and the document then be loaded in one. */
  verdict: 'ok' | 'gap' | 'malformed' | 'too-large'
  /** What it took to apply, in milliseconds. */
  millis: number
  /** How many structs the document was promised before it was copied for the inspection. */
  pieces: number
}

/** For what another server has inspected, or the server itself has written. */
export const trusted: Inspection = { verdict: 'ok', millis: 0, pieces: Number.POSITIVE_INFINITY }
