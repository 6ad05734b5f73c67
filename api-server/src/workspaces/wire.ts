import type { z } from 'zod'
import { strongTag } from '../http/etag.ts'
import type { WorkspaceRow } from './workspaces.queries.ts'
import type { Workspace } from './workspaces.schema.ts'

export function toWorkspace(row: WorkspaceRow): z.input<typeof Workspace> {
  const { id, name, role, created_by } = row
  return {
    id,
    name,
    role,
    created_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** The body and the entity tag of a workspace. */
export const toReply = (row: WorkspaceRow): { body: z.input<typeof Workspace>; etag: string } => ({
  body: toWorkspace(row),
  etag: workspaceTag(row),
})

/** State and the caller's role: the representation holds both. */
export const workspaceTag = ({ revision, role }: Pick<WorkspaceRow, 'revision' | 'role'>): string =>
  strongTag(`${revision}-${role}`)
