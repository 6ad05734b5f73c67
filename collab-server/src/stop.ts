import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { Hocuspocus } from '@hocuspocus/server'
import type { Logger } from '@mdcreator/shared/log'
import type { Revocation } from './access/revocation.ts'
import type { Context } from './context.ts'
import type { Checkpoints } from './document/checkpoints.ts'
import type { DocumentWorker } from './document/document-tasks.ts'
import type { LiveDocuments } from './document/live-document.ts'
import type { Projector } from './document/projection.ts'
import type { Presence } from './presence/presence.ts'
import type { Upgrades } from './socket/upgrade.ts'
import type { Storage } from './update-log/storage.ts'
import type { UpdateLog } from './update-log/update-log.ts'
import type { Inspector } from './validation/inspection.ts'
import { closeCodes } from './wire/close-codes.ts'

type Parts = {
  upgrades: Upgrades
  updateLog: UpdateLog
  hocuspocus: Hocuspocus<Context>
  documents: LiveDocuments
  projector: Projector
  checkpoints: Checkpoints
  revocation: Revocation
  presence: Presence
  follower: { stop(): Promise<void> }
  worker: DocumentWorker
  inspector: Inspector
  storage: Storage
  /** Resolves once the commands that have begun are done. */
  commands: Promise<unknown>
  log: Logger
}

/** How long a stop may take in all, and how long of that the log may take to store what has arrived. */
const limitMs = 7_000
const drainMs = 3_000

/**
 * Ends a server so that nothing that was acknowledged, and as little as possible of what was not, is lost: what has
 * arrived is stored and acknowledged before its senders are cut off.
 * @throws Error where edits could not be stored; their clients have them still
 */
export async function stopInOrder(parts: Parts): Promise<void> {
  const { upgrades, updateLog, hocuspocus, documents, projector, checkpoints, revocation, follower, log } = parts
  const started = performance.now()
  const left = (): number => Math.max(0, limitMs - (performance.now() - started))
  upgrades.refuseNew()
  await within(Promise.all([updateLog.drained(), parts.commands]), drainMs)
  // In which what is stored is applied and acknowledged.
  await turn()
  await upgrades.close(closeCodes.restarting, 'The server is restarting', Math.min(1_500, left()))
  // Until then somebody may be removed.
  revocation.stop()
  await within(updateLog.drained(), Math.min(500, left()))
  const unstored = updateLog.abandon()

  await within(Promise.allSettled(hocuspocus.unloadingDocuments.values()), left())
  const flushed = Promise.allSettled([...documents].map((live) => projector.flush(live)))
  const isProjected = await within(
    flushed.then((results) => results.every(({ status }) => status === 'fulfilled')),
    left(),
  )
  if (!isProjected) log.warn('stopped without some projections; the log has the edits')
  await within(parts.presence.stop(), left())
  await within(follower.stop(), left())
  // What the follower has found last is projected by whoever loads it.
  projector.close()
  await within(checkpoints.stop(), left())
  await Promise.all([parts.worker.close(), parts.inspector.close()])
  await within(parts.storage.close(), Math.max(500, left()))
  if (unstored > 0) {
    throw new Error(
      `${unstored} edits could not be stored; nobody was told that they were, and their editors have them still`,
    )
  }
}

/** Waits for something, but not for ever; undefined where it took too long. */
async function within<T>(work: Promise<T> | undefined, ms: number): Promise<T | undefined> {
  return Promise.race([work, delay(ms, undefined, { ref: false })])
}
