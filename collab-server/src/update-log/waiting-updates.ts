import * as Y from 'yjs'

/** `missing` are the clocks of which one must have come before it is worth another try. */
type WaitingUpdate = { update: Uint8Array; missing: Map<number, number> }

/**
 * What is in the log and waits for an edit that is not here. It is no part of the document: offered to clients it would come
 * back from them as a gap, again and again. The edit may be on its way from another server; if it was never
 * acknowledged, the rows keep what builds on it, which may be long.
 */
export class WaitingUpdates {
  private readonly document: Y.Doc
  private readonly origin: object
  private waiting: WaitingUpdate[] = []

  constructor(document: Y.Doc, origin: object) {
    this.document = document
    this.origin = origin
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0
  }

  /** Takes it out of the document. */
  putAside(): void {
    this.waiting.push(...takePending(this.document))
  }

  /** Tries again what something has come for. */
  apply(): void {
    const isReady = ({ missing }: WaitingUpdate): boolean =>
      [...missing].some(([client, clock]) => Y.getState(this.document.store, client) > clock)
    while (this.waiting.some(isReady)) {
      const { ready = [], others = [] } = Object.groupBy(this.waiting, (waiting) =>
        isReady(waiting) ? 'ready' : 'others',
      )
      this.waiting = others
      for (const { update } of ready) Y.applyUpdate(this.document, update, this.origin)
      this.putAside()
    }
  }

  /** Gives it back to the document, where Yjs makes one of it and of what else waits there. */
  giveBack(): void {
    for (const { update } of this.waiting.splice(0)) Y.applyUpdate(this.document, update, this.origin)
  }
}

function takePending({ store }: Y.Doc): WaitingUpdate[] {
  const { pendingStructs, pendingDs } = store
  store.pendingStructs = null
  store.pendingDs = null
  const waiting: WaitingUpdate[] = []
  if (pendingStructs) {
    waiting.push({ update: Y.convertUpdateFormatV2ToV1(pendingStructs.update), missing: pendingStructs.missing })
  }
  if (pendingDs) {
    const update = Y.convertUpdateFormatV2ToV1(pendingDs)
    const { clients } = Y.decodeUpdate(update).ds
    const firstOf = (ranges: { clock: number }[]): number => Math.min(...ranges.map(({ clock }) => clock))
    waiting.push({ update, missing: new Map([...clients].map(([client, ranges]) => [client, firstOf(ranges)])) })
  }
  return waiting
}
