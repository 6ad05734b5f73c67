/** What a generator has seen since measuring began; times in milliseconds. */
export class Recording {
  /** From an edit to each of the others having it. */
  readonly propagation: number[] = []
  /** Those of `propagation` that went from one server to another. */
  readonly propagationAcross: number[] = []
  /** As `propagation`, for cursors. */
  readonly cursors: number[] = []
  /** From an edit to its acknowledgement. */
  readonly acknowledgements: number[] = []
  edits = 0
  /** When it began; what was sent before is not counted. */
  readonly since = performance.now()
}

export type RecordedTimes = 'propagation' | 'propagationAcross' | 'cursors' | 'acknowledgements'
