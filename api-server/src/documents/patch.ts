import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { asCaller } from '../auth/index.ts'
import type { Caller } from '../http/authenticate.ts'
import { invalid, notFound } from '../http/problem.ts'
import { type DocumentRow, findDocument, updateDocument } from './documents.queries.ts'
import { baseOf, type Conditions, expectedOf, stale } from './preconditions.ts'

export type Permit = (row: DocumentRow | undefined) => DocumentRow

/** Which document is to be changed, by whom, and what must be true of it. */
export type Patch = {
  id: string
  caller: Caller
  conditions: Conditions
  permit: Permit
}

/** Changes the title, if the document is still what the client read. */
export function patchTitle(
  db: Database,
  { id, caller, conditions, permit }: Patch,
  title: string,
): Promise<DocumentRow> {
  return asCaller(db, caller, async (trx) => {
    const row = permit(await findDocument(trx, caller.userId, id))
    const expected = expectedOf(row, conditions)
    // Nothing to change: `updated_by` must not change either, it has no part in the entity tag.
    if (row.title === title) return row
    const isChanged = await updateDocument(trx, id, expected, { title, updated_by: caller.userId })
    const now = permit(await findDocument(trx, caller.userId, id))
    if (!isChanged) throw stale(conditions, now)
    return now
  })
}

/**
 * Has the collaboration server write the text (and the title with it) into the live document, if that is still what the
 * client read. No transaction is open while it works.
 * @throws BusError where no collaboration server runs, or it does not answer
 */
export async function patchContent(
  { db, bus }: { db: Database; bus: Bus },
  { id, caller, conditions, permit }: Patch,
  change: { content: string; title?: string | undefined },
): Promise<DocumentRow> {
  const read = () => asCaller(db, caller, async (trx) => permit(await findDocument(trx, caller.userId, id)))
  const row = await read()
  if (row.doc_type === 'mindmap') {
    throw invalid('A mind map has no text of its own', [{ pointer: '/content', detail: 'is not for mind maps' }])
  }
  const reply = await bus.request('document.write-markdown', {
    document_id: id,
    user_id: caller.userId,
    content: change.content,
    ...(change.title !== undefined && { title: change.title }),
    ...baseOf(row, conditions),
  })
  if (reply.outcome === 'not-found') throw notFound()
  if (reply.outcome === 'conflict') throw stale(conditions, reply)
  return read()
}
