import { createHash } from 'node:crypto'
import type { Hocuspocus } from '@hocuspocus/server'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { CommandReply, CommandRequest } from '@mdcreator/shared/bus/messages'
import type { Logger } from '@mdcreator/shared/log'
import { readDocument, writeMarkdown } from '@mdcreator/shared/markdown/yjs'
import * as Y from 'yjs'
import type { Context } from './authenticate.ts'
import type { ClientSocket } from './client-socket.ts'
import { closeCodes } from './close-codes.ts'
import type { LiveDocument, LiveDocuments } from './live-document.ts'
import { type Projector, project } from './projection.ts'
import type { Projection, Storage } from './storage.ts'

type Dependencies = {
  hocuspocus: Hocuspocus<Context>
  storage: Storage
  documents: LiveDocuments
  projector: Projector
  bus: Bus
  log: Logger
}

type Request = CommandRequest<'document.write-markdown'>
type Reply = CommandReply<'document.write-markdown'>

/** Does what the API asks for on the live documents. Returns a function that stops it. */
export function handleCommands(deps: Dependencies): () => void {
  const stops = [
    deps.bus.handle('document.write-markdown', (request) => write(deps, request)),
    deps.bus.subscribe('document.deleted', ({ document_id }) => close(deps, document_id)),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

async function write(deps: Dependencies, request: Request): Promise<Reply> {
  if (!(await deps.storage.exists(request.document_id))) return { outcome: 'not-found' }
  const connection = await deps.hocuspocus.openDirectConnection(request.document_id)
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

/**
 * Compares, stores, then applies. The change is made on a copy: applied to the live document at once, others would see
 * it before it is durable. What they type meanwhile merges with it as with any other edit.
 */
async function replaceText({ storage, projector }: Dependencies, live: LiveDocument, request: Request): Promise<Reply> {
  const conflict = (): Reply => {
    const { content } = project(live.read())
    return { outcome: 'conflict', content, content_hash: sha256(content) }
  }
  const current = project(live.read())
  if (sha256(current.content) !== request.base_hash) return conflict()
  const change = makeChange(live.document, request.content)
  const { document_id: documentId, user_id: userId, base_version: baseVersion, title } = request
  const stored = await storage.commit({ documentId, userId, baseVersion, title, change })
  if (!stored) return (await storage.exists(documentId)) ? conflict() : { outcome: 'not-found' }
  if (change) {
    live.logged(stored.clock, change.update.byteLength, userId)
    live.apply(change.update, { user: { id: userId } })
    // Others may have typed since the copy was made: the answer's reader must find both.
    if (live.clock > stored.clock) await projector.flush(live)
  }
  return { outcome: 'written' }
}

/** The smallest update that turns the document's text into `content`; undefined where it is that already. */
function makeChange(document: Y.Doc, content: string): { update: Uint8Array; projection: Projection } | undefined {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(document))
  const before = Y.encodeStateVector(copy)
  const updates: Uint8Array[] = []
  copy.on('update', (update: Uint8Array) => updates.push(update))
  try {
    writeMarkdown(copy, content, 'api')
    if (updates.length === 0) return undefined
    const update = updates.length === 1 ? (updates[0] as Uint8Array) : Y.encodeStateAsUpdate(copy, before)
    return { update, projection: project(readDocument(copy)) }
  } finally {
    copy.destroy()
  }
}

function close({ hocuspocus }: Dependencies, documentId: string): void {
  for (const connection of hocuspocus.documents.get(documentId)?.getConnections() ?? []) {
    const socket: ClientSocket = connection.context.socket
    socket.closeDocument(connection, closeCodes.notFound, 'The document was deleted')
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')
