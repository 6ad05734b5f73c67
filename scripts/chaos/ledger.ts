/** A word that somebody typed, or took out again. */
export type Edit = {
  kind: 'insert' | 'delete'
  word: string
  /** When, by `performance.now()`. */
  at: number
  /** Of Yjs; `clock` is the one after what was written or deleted. */
  client: number
  clock: number
}

/**
 * What one client knows to be stored. It believes an acknowledgement only for what it sent on the same socket: whatever
 * a socket has not acknowledged when it breaks, the next one must. Doubt always counts as "not acknowledged".
 */
export class Ledger {
  private readonly open = new Set<Edit>()
  /** What each message that awaits an answer held; answers come in order. */
  private inFlight: Edit[][] = []
  /** When the latest edit was typed that is acknowledged. */
  acknowledgedUntil = 0
  private readonly onAcknowledged: (edit: Edit) => void

  constructor(onAcknowledged: (edit: Edit) => void) {
    this.onAcknowledged = onAcknowledged
  }

  get unacknowledged(): ReadonlySet<Edit> {
    return this.open
  }

  /** True where everything sent is answered, and a refusal has left open what became of some of it. */
  get isInDoubt(): boolean {
    return this.inFlight.length === 0 && this.open.size > 0
  }

  made(edit: Edit): void {
    this.open.add(edit)
  }

  /** A message with these edits went out. */
  sent(edits: Iterable<Edit>): void {
    this.inFlight.push([...edits])
  }

  /** Returns false for an answer to nothing. */
  answered(isApplied: boolean): boolean {
    const edits = this.inFlight.shift()
    // A refusal may overtake the acknowledgements of earlier messages: none of those on their way tells us anything now.
    if (!isApplied) this.inFlight = this.inFlight.map(() => [])
    else for (const edit of edits ?? []) this.acknowledge(edit)
    return edits !== undefined
  }

  private acknowledge(edit: Edit): void {
    if (!this.open.delete(edit)) return
    this.acknowledgedUntil = Math.max(this.acknowledgedUntil, edit.at)
    this.onAcknowledged(edit)
  }

  /** The socket broke. */
  reset(): void {
    this.inFlight = []
  }
}
