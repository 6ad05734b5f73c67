import type { Database } from '@mdcreator/db/database'
import { asCaller } from '../auth/index.ts'
import type { Caller } from '../http/authenticate.ts'
import { isAny, matchesStrongly } from '../http/etag.ts'
import { notFound, Problem, problemTypes } from '../http/problem.ts'
import { workspaceTag } from './wire.ts'
import { findWorkspace, updateWorkspace, type WorkspaceChange, type WorkspaceRow } from './workspaces.queries.ts'

type Target = {
  id: string
  caller: Caller
  ifMatch: string | undefined
  permit: (row: WorkspaceRow | undefined) => WorkspaceRow
}

/**
 * Renames or deletes a workspace, if it is still what the client read. Gives what it is now (before a deletion: was).
 * @throws Problem 403, 404, 412
 */
export function changeWorkspace(
  db: Database,
  { id, caller, ifMatch, permit }: Target,
  change: WorkspaceChange,
): Promise<WorkspaceRow> {
  return asCaller(db, caller, async (trx) => {
    const find = async (): Promise<WorkspaceRow> => {
      const row = permit(await findWorkspace(trx, caller.userId, id))
      if (ifMatch === undefined || matchesStrongly(ifMatch, workspaceTag(row))) return row
      throw new Problem(problemTypes.preconditionFailed, 'The workspace has changed since you read it: read it again')
    }
    const row = await find()
    if ('name' in change && change.name === row.name) return row
    const expected = ifMatch === undefined || isAny(ifMatch) ? undefined : row.revision
    if (await updateWorkspace(trx, id, expected, change)) {
      return 'name' in change ? permit(await findWorkspace(trx, caller.userId, id)) : row
    }
    // Somebody else was faster: the caller's right, the state that was read, or the workspace is gone.
    await find()
    throw notFound()
  })
}
