import * as Y from 'yjs'
import { Typist } from './typist.ts'

/** An edit, the clock it leads up to, and where the caret is after it: an awareness state in JSON. */
export type Step = { update: Uint8Array; clock: number; caret: string }

/**
 * What somebody who does not read the others will do, worked out before it is measured: then the generator only sends it, and
 * leaves the machine to the server.
 */
export class Rehearsal {
  readonly clientId: number
  /** The document as this person has it before their eyes. */
  readonly view = new Y.Doc()
  private readonly typist: Typist
  private readonly steps: Step[] = []
  private next = 0

  /** Begins with the content of `document`; `ahead` steps are worked out at once, further ones when they are wanted. */
  constructor(
    document: Y.Doc,
    {
      clientId,
      random,
      paragraph,
      ahead,
    }: { clientId: number; random: () => number; paragraph: number; ahead: number },
  ) {
    this.clientId = clientId
    Y.applyUpdate(this.view, Y.encodeStateAsUpdate(document))
    this.view.clientID = clientId
    this.typist = new Typist(this, random, paragraph)
    for (let step = 0; step < ahead; step++) this.work()
  }

  /** Where the caret is now. */
  get caret(): string {
    return this.steps[Math.max(0, this.next - 1)]?.caret ?? 'null'
  }

  /** The next step. */
  take(): Step {
    if (this.next === this.steps.length) this.work()
    return this.steps[this.next++] as Step
  }

  /** Called by the typist. */
  edit(change: (document: Y.Doc) => void): void {
    const note = (update: Uint8Array): void => {
      const clock = Y.getState(this.view.store, this.clientId)
      this.steps.push({ update, clock, caret: JSON.stringify(this.typist.cursor()) })
    }
    this.view.once('update', note)
    this.view.transact(() => change(this.view))
  }

  private work(): void {
    this.typist.edit()
  }
}
