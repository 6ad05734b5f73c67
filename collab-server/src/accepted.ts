import * as Y from 'yjs'

type Ahead = { clock: number; endsWithGc: boolean }

/**
 * What a document was promised besides what is applied: the edits on their way to the log; and whose Yjs clients are
 * whose. A Yjs client id is its user's from the first edit on: if others could use it, their edits and its own would share
 * clocks, and one of the two would be taken for known and lost.
 */
export class AcceptedEdits {
  private readonly ahead = new Map<number, Ahead>()
  private readonly owners = new Map<number, string>()
  /** How deep the deepest item on its way is nested. */
  depth = 0

  /** The first clock that is neither applied nor on its way, for one Yjs client. */
  clockOf(doc: Y.Doc, client: number): number {
    return Math.max(Y.getState(doc.store, client), this.ahead.get(client)?.clock ?? 0)
  }

  /** True where what comes before that clock is a GC struct: an item cannot be laid over its end. */
  endsWithGc(doc: Y.Doc, client: number): boolean {
    const ahead = this.ahead.get(client)
    if (ahead && ahead.clock > Y.getState(doc.store, client)) return ahead.endsWithGc
    return doc.store.clients.get(client)?.at(-1) instanceof Y.GC
  }

  accept(client: number, ahead: Ahead): void {
    this.ahead.set(client, ahead)
  }

  /** Called when nothing is on its way any more. */
  settle(): void {
    this.ahead.clear()
    this.depth = 0
  }

  /** Claims a Yjs client for a user (or the server itself). False where it is somebody else's. */
  claim(client: number, userId: string): boolean {
    const owner = this.owners.get(client)
    if (owner === undefined) this.owners.set(client, userId)
    return owner === undefined || owner === userId
  }

  isFree(client: number, userId: string): boolean {
    return (this.owners.get(client) ?? userId) === userId
  }
}
