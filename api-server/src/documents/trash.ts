import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Logger } from '@mdcreator/shared/log'
import { announce } from '../announce.ts'
import { audit } from '../audit/index.ts'
import { asCaller } from '../auth/index.ts'
import { type DocumentRow, findDeletedOrLiving, findDocument, now, updateDocument } from './documents.queries.ts'
import type { Patch } from './patch.ts'
import { expectedOf, stale } from './preconditions.ts'

/** Moves a document to the trash, if it is still what the client read, and has its sockets closed. */
export async function moveToTrash(
  { db, bus, log }: { db: Database; bus: Bus; log: Logger },
  { id, caller, conditions, permit }: Patch,
): Promise<void> {
  await asCaller(db, caller, async (trx) => {
    const row = permit(await findDocument(trx, caller.userId, id))
    const change = { deleted_at: now, updated_by: caller.userId }
    if (await updateDocument(trx, id, expectedOf(row, conditions), change)) {
      return audit(trx, { action: 'document.deleted', ...entryOf(row) })
    }
    throw stale(conditions, permit(await findDocument(trx, caller.userId, id)))
  })
  await announce(bus, log, { document_id: id })
}

/** Brings a document back from the trash. One that is not there is given as it is, so that asking twice does no harm. */
export function restoreFromTrash(db: Database, { id, caller, conditions, permit }: Patch): Promise<DocumentRow> {
  return asCaller(db, caller, async (trx) => {
    const row = permit(await findDeletedOrLiving(trx, caller.userId, id))
    const expected = expectedOf(row, conditions)
    if (row.deleted_at === null) return row
    const isRestored = await updateDocument(trx, id, expected, { deleted_at: null, updated_by: caller.userId })
    const current = permit(await findDeletedOrLiving(trx, caller.userId, id))
    // Where no version was named, somebody else's restoring it meanwhile is as good.
    if (!isRestored && expected.version !== undefined) throw stale(conditions, current)
    if (isRestored) await audit(trx, { action: 'document.restored', ...entryOf(row) })
    return current
  })
}

const entryOf = ({ workspace_id, id }: DocumentRow) =>
  ({ workspaceId: workspace_id, target: { type: 'document', id } }) as const
