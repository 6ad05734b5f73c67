import { markdownToUpdate, readDocument, writeMarkdown } from '@mdcreator/shared/markdown/yjs'
import { serveTasks, type TaskWorker } from '@mdcreator/shared/task-worker'
import * as Y from 'yjs'
import { type AuthoredRow, type ClientOwners, withOwnersOf } from '../update-log/client-owners.ts'
import { applyLogged } from '../update-log/logged-row.ts'
import type { DocumentType, Projection } from '../update-log/storage.ts'
import { project } from './projection.ts'

/** What is done with whole documents, in the order of their size: in a worker thread, where no keystroke waits for it. */
export const documentTasks = {
  /** Merges a checkpoint and its tail. The projection is null for documents that have no Markdown. */
  fold({ type, state, owners, tail }: Stored): Folded {
    const updates = tail.map(({ data }) => data)
    return withCopy(state, updates, (doc) => ({
      state: Y.encodeStateAsUpdate(doc),
      owners: withOwnersOf(tail, owners),
      projection: type === 'markdown' ? project(readDocument(doc)) : null,
    }))
  },

  /**
   * The smallest update that turns the text of `state` into `content`, by the Yjs client `clientId`; null where it is
   * that already.
   */
  change({ state, clientId, content }: { state: Uint8Array; clientId: number; content: string }): Change | null {
    return withCopy(state, [], (doc) => {
      doc.clientID = clientId
      const before = Y.encodeStateVector(doc)
      let changed = false
      doc.on('update', () => {
        changed = true
      })
      writeMarkdown(doc, content, null)
      return changed ? { update: Y.encodeStateAsUpdate(doc, before), projection: project(readDocument(doc)) } : null
    })
  },

  /** The first update of a document that has only Markdown so far. */
  seed: (content: string): Uint8Array => markdownToUpdate(content),
}

/** A thread that runs them. */
export type DocumentWorker = TaskWorker<typeof documentTasks>

type Stored = { type: DocumentType; state: Uint8Array | null; owners: ClientOwners; tail: AuthoredRow[] }
export type Folded = { state: Uint8Array; owners: ClientOwners; projection: Projection | null }
export type Change = { update: Uint8Array; projection: Projection }

function withCopy<T>(state: Uint8Array | null, tail: Uint8Array[], work: (doc: Y.Doc) => T): T {
  const doc = new Y.Doc()
  try {
    // One transaction: per update, the cost of cleaning up would grow with the tail.
    doc.transact(() => {
      if (state) Y.applyUpdate(doc, state)
      for (const update of tail) applyLogged(doc, update)
    })
    return work(doc)
  } finally {
    doc.destroy()
  }
}

// In the worker thread; in the main thread this module only lends its types.
serveTasks(documentTasks)
