import * as Y from 'yjs'
import { syncStepOne, syncStepTwo } from '../wire/frame.ts'

/** How long the bytes of a whole document are kept, in milliseconds. */
const keptMs = 1_000

/**
 * What those are sent who open a document, with nothing of it in their hands. It is kept for a moment: those who open it at
 * the same time get the same bytes.
 */
export class Opening {
  private readonly document: Y.Doc
  private whole: Uint8Array | null = null
  private timer: NodeJS.Timeout | undefined
  private stepOnes = new Kept()
  private stepTwos = new Kept()

  constructor(document: Y.Doc) {
    this.document = document
    // The timer would keep it in memory.
    document.once('destroy', () => this.forget())
  }

  /** The question for what we lack. */
  stepOne(address: string): Uint8Array {
    return this.stepOnes.of(address, () => syncStepOne(address, this.document))
  }

  stepTwo(address: string): Uint8Array {
    return this.stepTwos.of(address, () => {
      if (!this.whole) this.keep(Y.encodeStateAsUpdate(this.document))
      return syncStepTwo(address, this.whole as Uint8Array)
    })
  }

  /** Takes the whole document as an update, as long as it does not change. */
  keep(update: Uint8Array): void {
    this.whole = update
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.forget(), keptMs).unref()
  }

  /** To be called at each change. */
  forget(): void {
    clearTimeout(this.timer)
    this.whole = null
    this.stepOnes = new Kept()
    this.stepTwos = new Kept()
  }
}

/** The message to the address that was asked for last: most providers use the same. */
class Kept {
  private last: { address: string; message: Uint8Array } | null = null

  of(address: string, encode: () => Uint8Array): Uint8Array {
    if (this.last?.address !== address) this.last = { address, message: encode() }
    return this.last.message
  }
}
