// Runs in a worker thread: merging and printing a large document takes a second that no keystroke should wait for.
import { parentPort } from 'node:worker_threads'
import { readDocument } from '@mdcreator/shared/markdown/yjs'
import * as Y from 'yjs'
import type { FoldReply, FoldRequest } from './fold.ts'
import { project } from './projection.ts'

parentPort?.on('message', (request: FoldRequest) => {
  parentPort?.postMessage(answer(request))
})

function answer({ id, type, state, tail }: FoldRequest): FoldReply {
  const doc = new Y.Doc()
  try {
    // One transaction: per update, the cost of cleaning up would grow with the tail.
    doc.transact(() => {
      if (state) Y.applyUpdate(doc, state)
      for (const update of tail) Y.applyUpdate(doc, update)
    })
    const projection = type === 'markdown' ? project(readDocument(doc)) : null
    return { id, ok: true, state: Y.encodeStateAsUpdate(doc), projection }
  } catch (error) {
    return { id, ok: false, message: error instanceof Error ? error.message : String(error) }
  } finally {
    doc.destroy()
  }
}
