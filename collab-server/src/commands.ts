import { createHash } from 'node:crypto'
import type { Hocuspocus } from '@hocuspocus/server'
import type { Bus, CommandHandler } from '@mdcreator/shared/bus/bus'
import type { CommandName, CommandReply, CommandRequest } from '@mdcreator/shared/bus/messages'
import type { Logger } from '@mdcreator/shared/log'
import { printMarkdown } from '@mdcreator/shared/markdown/print'
import * as Y from 'yjs'
import type { Cluster } from './cluster/cluster.ts'
import type { Context } from './context.ts'
import type { DocumentWorker } from './document/document-tasks.ts'
import type { LiveDocument, LiveDocuments } from './document/live-document.ts'
import type { Projector } from './document/projection.ts'
import type { Metrics } from './metrics.ts'
import type { Presence } from './presence/presence.ts'
import type { Storage } from './update-log/storage.ts'

type Dependencies = {
  hocuspocus: Hocuspocus<Context>
  storage: Storage
  worker: DocumentWorker
  documents: LiveDocuments
  projector: Projector
  cluster: Cluster | null
  presence: Presence
  bus: Bus
  metrics: Metrics
  log: Logger
}

type Request = CommandRequest<'document.write-markdown'>
type Reply = CommandReply<'document.write-markdown'>

/**
 * Does what the API asks for on the live documents. Returns a function that takes no more, and resolves once what has begun
 * is done.
 */
export function handleCommands(deps: Dependencies): () => Promise<unknown> {
  const { hocuspocus, presence, bus } = deps
  const begun = new Set<Promise<unknown>>()
  const holds = ({ document_id }: { document_id: string }): boolean => hocuspocus.documents.has(document_id)
  const stops = [
    bus.handle(
      'document.write-markdown',
      noted(
        begun,
        timed(deps, 'document.write-markdown', (request) => write(deps, request)),
      ),
      holds,
    ),
    bus.handle(
      'document.presence',
      timed(deps, 'document.presence', async ({ document_id }) => ({ people: await presence.store.list(document_id) })),
      holds,
    ),
  ]
  return () => {
    for (const stop of stops) stop()
    return Promise.allSettled(begun)
  }
}

/** The same handler, with its work in `begun` until that has ended. */
function noted<N extends CommandName>(begun: Set<Promise<unknown>>, handler: CommandHandler<N>): CommandHandler<N> {
  return (request, sender) => {
    const work = handler(request, sender).finally(() => begun.delete(work))
    begun.add(work)
    return work
  }
}

function timed<N extends CommandName>(
  { metrics }: Dependencies,
  command: N,
  handler: CommandHandler<N>,
): CommandHandler<N> {
  return async (request, sender) => {
    const end = metrics.commandSeconds.startTimer({ command })
    try {
      const reply = await handler(request, sender)
      end({ outcome: 'outcome' in reply ? reply.outcome : 'done' })
      return reply
    } catch (error) {
      end({ outcome: 'failed' })
      throw error
    }
  }
}

async function write(deps: Dependencies, request: Request): Promise<Reply> {
  if (!(await deps.storage.exists(request.document_id))) return { outcome: 'not-found' }
  const connection = await open(deps.hocuspocus, request.document_id)
  try {
    const live = connection.document && deps.documents.of(connection.document)
    if (!live) throw new Error('The document was unloaded while it was opened')
    return await live.serialize(() => replaceText(deps, live, request))
  } finally {
    // Stays loaded for a moment: another write may follow. What is stored does not depend on it.
    connection.disconnect({ unloadImmediately: false }).catch((err: unknown) => {
      deps.log.warn({ err, document: request.document_id }, 'a document could not be released')
    })
  }
}

/** Hocuspocus may hand out a document that is unloaded in the same moment: then it is loaded again. */
async function open(hocuspocus: Hocuspocus<Context>, documentId: string) {
  const connection = await hocuspocus.openDirectConnection(documentId)
  if (!connection.document?.isDestroyed) return connection
  await connection.disconnect()
  return hocuspocus.openDirectConnection(documentId)
}

/**
 * Compares, stores, then applies. The change is made on a copy: applied to the live document at once, others would see
 * it before it is durable. What they type while it is stored merges with it as with any other edit.
 */
async function replaceText(deps: Dependencies, live: LiveDocument, request: Request): Promise<Reply> {
  const { storage, worker, projector, cluster } = deps
  // What was acknowledged before the caller asked is compared too, whichever server acknowledged it.
  await cluster?.caughtUp()
  if (!isBase(live, request)) return conflict(live)
  const state = Y.encodeStateAsUpdate(live.document)
  const change = await worker.run('change', { state, clientId: live.writerId, content: request.content })
  // Strict: what was typed while the change was made is not what the caller read.
  if (!isBase(live, request)) return conflict(live)
  const { document_id: documentId, user_id: userId, base_version: baseVersion, title } = request
  const stored = await live
    .writing(() => storage.commit({ documentId, userId, baseVersion, title, change }))
    .catch(async (error: unknown) => {
      // It may have been stored before the connection broke: then the live document must have it too.
      const rows = await storage.load(documentId)
      if (rows) live.applyStored(rows, () => {})
      throw error
    })
  if (!stored) return (await storage.exists(documentId)) ? conflict(live) : { outcome: 'not-found' }
  if (change) {
    live.logged(stored.clock, change.update.byteLength, userId)
    live.apply(change.update)
    deps.cluster?.publishRow(live, { id: stored.clock, data: change.update, userId, origin: 'api' })
    // Others may have typed while it was stored: whoever reads after the answer must find both.
    if (live.clock > stored.clock) await projector.flush(live)
  }
  return { outcome: 'written' }
}

const isBase = (live: LiveDocument, { base_hash }: Request): boolean => sha256(printMarkdown(live.read())) === base_hash

function conflict(live: LiveDocument): Reply {
  const content = printMarkdown(live.read())
  return { outcome: 'conflict', content, content_hash: sha256(content) }
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')
