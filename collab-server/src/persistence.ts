import type { Document, Extension } from '@hocuspocus/server'
import type { Logger } from '@mdcreator/shared/log'
import { retrying } from '@mdcreator/shared/retry'
import type { Cluster } from './cluster/cluster.ts'
import type { Context } from './context.ts'
import { batchBroadcasts, keepListeners, withoutBroadcast } from './document/broadcast.ts'
import type { Checkpoints } from './document/checkpoints.ts'
import type { DocumentWorker } from './document/document-tasks.ts'
import { LiveDocument, type LiveDocuments } from './document/live-document.ts'
import type { Projector } from './document/projection.ts'
import { Refusal } from './guard.ts'
import { sizeNotice } from './socket/edits.ts'
import type { Storage } from './update-log/storage.ts'
import type { StoredDocument } from './update-log/stored-documents.ts'

type Dependencies = {
  storage: Storage
  worker: DocumentWorker
  documents: LiveDocuments
  projector: Projector
  checkpoints: Checkpoints
  /** Null where this is the only server. */
  cluster: Cluster | null
  maxDocumentBytes: number
  log: Logger
}

/** How long a load is tried again. */
const loadRetryMs = 20_000

/** Loads documents from the database and keeps checkpoint and projection up; the edits themselves are in the log already. */
export function persistence(deps: Dependencies): Extension<Context> {
  const { storage, worker, documents, projector, checkpoints, cluster, log } = deps
  /** What is to be done when the first client is there: until then Hocuspocus is still adding listeners. */
  const forget = new WeakMap<Document, () => void>()
  return {
    async onCreateDocument({ documentName }) {
      // Or Yjs draws one, from 31 random numbers.
      return { guid: documentName }
    },

    async onLoadDocument({ documentName, document }) {
      const load = retrying(() => loadSeeded(storage, worker, documentName), loadRetryMs)
      const stored = await load.catch((err: unknown) => {
        log.error({ err, document: documentName }, 'a document could not be loaded')
        return null
      })
      if (!stored) {
        // Rejecting would leave its clients signed in and waiting for ever. As it is, they are told to come again.
        document.destroy()
        return
      }
      const live = new LiveDocument(document, stored)
      withoutBroadcast(document, () => {
        live.applyStored(stored, (err) =>
          log.error({ err, document: documentName }, 'a row of the log cannot be applied'),
        )
      })
      documents.add(live)
      cluster?.join(live)
      checkpoints.edited(live)
    },

    async afterLoadDocument({ document }) {
      const live = documents.of(document)
      // In the place of Hocuspocus's own, which runs the hooks and plans a store at every keystroke.
      if (live) document.onUpdate(() => changed(deps, live))
      batchBroadcasts(document)
      forget.set(document, keepListeners(document))
    },

    async connected({ connection: { document } }) {
      forget.get(document)?.()
      forget.delete(document)
    },

    async beforeUnloadDocument({ document, instance }) {
      // Hocuspocus would forget the one of this name that was loaded after this one.
      if (instance.documents.get(document.name) !== document) throw new Refusal('unloaded already')
      const live = documents.of(document)
      if (!live) return
      // Somebody may come, edit and leave meanwhile: what is committed after the unload would be missing in the next load.
      do {
        await live.settled()
        // Not a reason to stay loaded: the checkpoint after the unload projects from the rows.
        await projector
          .flush(live)
          .catch((err: unknown) => log.warn({ err, document: live.id }, 'left without a projection'))
      } while (live.isBeingEdited)
    },

    async afterUnloadDocument({ documentName }) {
      for (const live of documents) {
        if (live.id !== documentName || !live.document.isDestroyed) continue
        documents.remove(live)
        cluster?.leave(live)
        projector.cancel(live)
        if (live.position.rows > 0) checkpoints.request(documentName)
        log.debug({ document: documentName }, 'unloaded')
      }
    },
  }
}

function changed({ projector, checkpoints, maxDocumentBytes }: Dependencies, live: LiveDocument): void {
  live.changed()
  projector.schedule(live)
  checkpoints.edited(live)
  if (live.grewLarge(maxDocumentBytes))
    live.document.relayStateless(sizeNotice('document.large', live, maxDocumentBytes))
}

async function loadSeeded(
  storage: Storage,
  worker: DocumentWorker,
  documentId: string,
): Promise<StoredDocument | null> {
  const stored = await storage.load(documentId)
  if (!stored || stored.state || stored.tail.length > 0) return stored
  await storage.seed(documentId, (content) => worker.run('seed', content))
  return storage.load(documentId)
}
