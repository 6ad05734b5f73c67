import type { Logger } from '@mdcreator/shared/log'
import { readingText } from '@mdcreator/shared/markdown/plain-text'
import { printing } from '@mdcreator/shared/markdown/print'
import { finish, type Steps } from '@mdcreator/shared/steps'
import type { Node } from 'prosemirror-model'
import type { Projection, Storage } from '../update-log/storage.ts'
import type { LiveDocument } from './live-document.ts'
import { ProjectionWriter } from './projection-writer.ts'
import { inSlices } from './slices.ts'

/** What REST clients and search read: Markdown, plain text and its number of words. */
export const project = (node: Node): Projection => finish(projecting(node))

function* projecting(node: Node): Steps<Projection> {
  return { content: yield* printing(node), ...(yield* readingText(node)) }
}

/** The other servers that hold a document: of all of them one projects it. */
export type Peers = {
  /** True where that one is ours. */
  isOurs: (live: LiveDocument) => boolean
  /** Tells the others of a projection of all rows up to `clock`. */
  tell: (live: LiveDocument, clock: number) => void
}
const nobody: Peers = { isOurs: () => true, tell: () => {} }

/** A pause after the first edit, in milliseconds: with the write itself well within the promised second. */
const delayMs = 700
/** The same where another server should project it, and may have died: that one has had the time to write and to say so. */
const standInMs = 1_200
const retryMs = 1_000

type Plan = { timer: NodeJS.Timeout | undefined; running: Promise<void> | undefined }

/** Keeps the rows' text up to date with the live documents, one write per document and pause however much is typed. */
export class Projector {
  private readonly writer: ProjectionWriter
  private readonly log: Logger
  private readonly peers: Peers
  /** As long as a document is loaded: see AcceptedEdits.settle for what entries that come and go cost. */
  private readonly plans = new Map<LiveDocument, Plan>()
  private isClosed = false

  constructor(storage: Pick<Storage, 'project'>, log: Logger, peers = nobody) {
    this.writer = new ProjectionWriter(storage)
    this.log = log
    this.peers = peers
  }

  /** Called at each edit, wherever it was made: costs nothing while a write is planned already. */
  schedule(live: LiveDocument, pauseMs?: number): void {
    if (this.isClosed) return
    const plan = this.plans.get(live) ?? { timer: undefined, running: undefined }
    if (plan.timer) return
    this.plans.set(live, plan)
    const afterMs = pauseMs ?? (this.peers.isOurs(live) ? delayMs : standInMs)
    plan.timer = setTimeout(() => {
      plan.timer = undefined
      this.run(live, plan).catch((err: unknown) => {
        this.log.warn({ err, document: live.id }, 'a projection could not be written; trying again')
        this.schedule(live, retryMs)
      })
    }, afterMs)
  }

  /** Another server has projected the rows up to `clock` that it had. */
  projectedElsewhere(live: LiveDocument, clock: number): void {
    // Which rows those were is not known here: whose turn it is writes all the same.
    const plan = this.plans.get(live)
    if (!plan?.timer || this.peers.isOurs(live)) return
    stopTimer(plan)
    if (clock < live.clock) this.schedule(live)
  }

  /** Writes what is pending now. Rejects, and leaves it pending, where it cannot be written. */
  async flush(live: LiveDocument): Promise<void> {
    await this.plans.get(live)?.running?.catch(() => {})
    const plan = this.plans.get(live)
    if (!plan?.timer) return
    stopTimer(plan)
    try {
      await this.run(live, plan)
    } catch (error) {
      this.schedule(live, retryMs)
      throw error
    }
  }

  /** Forgets a document, and what is pending of it. */
  cancel(live: LiveDocument): void {
    const plan = this.plans.get(live)
    if (plan) stopTimer(plan)
    this.plans.delete(live)
  }

  /** Plans nothing any more. */
  close(): void {
    this.isClosed = true
    for (const live of [...this.plans.keys()]) this.cancel(live)
  }

  private run(live: LiveDocument, plan: Plan): Promise<void> {
    // One at a time: an older text must not overtake a newer one.
    const previous = plan.running ?? Promise.resolve()
    const write = previous
      .catch(() => {})
      .then(async () => {
        // Of a large document that was just loaded, all of it: nobody is to wait for that.
        await inSlices(live.reading())
        const { clock, lastEditor } = live
        const projection = await inSlices(projecting(live.read()))
        const isWritten = await this.writer.write({ documentId: live.id, projection, clock, userId: lastEditor })
        if (isWritten) this.peers.tell(live, clock)
        // Another server has projected a row that is not here yet, perhaps without one that is: again once both are.
        else if (!live.document.isDestroyed) this.schedule(live, retryMs)
      })
    const running = write.finally(() => {
      if (plan.running === running) plan.running = undefined
      // A write that failed was tried again after the unload, which had forgotten the document.
      if (live.document.isDestroyed && !plan.timer && this.plans.get(live) === plan) this.plans.delete(live)
    })
    plan.running = running
    return running
  }
}

function stopTimer(plan: Plan): void {
  clearTimeout(plan.timer)
  plan.timer = undefined
}
