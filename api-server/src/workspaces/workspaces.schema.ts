import { roles } from '@mdcreator/shared/roles'
import { z } from 'zod'
import { pageOf } from '../http/page.ts'
import { Timestamp, text, WireId } from '../http/schema.ts'

export const WireRole = z.enum(roles).meta({ id: 'Role', description: 'What somebody is in a workspace' })

export const GrantableRole = WireRole.exclude(['owner']).meta({
  id: 'GrantableRole',
  description: 'A workspace has exactly one owner, so that role is handed over, not granted',
})

export const Workspace = z
  .object({
    id: WireId,
    name: z.string().meta({ example: 'Field notes' }),
    role: WireRole.meta({ description: 'What you are in it' }),
    created_by: WireId,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Workspace' })

export const WorkspacePage = pageOf(Workspace).meta({ id: 'WorkspacePage' })

export const NewWorkspace = z
  .strictObject({
    id: WireId.optional().meta({ description: 'Your own id for it; made up where absent' }),
    name: text().trim().min(1, 'must not be empty').max(200).meta({ example: 'Field notes' }),
  })
  .meta({ id: 'NewWorkspace' })

export const WorkspacePatch = z.strictObject({ name: NewWorkspace.shape.name }).meta({ id: 'WorkspacePatch' })

export const WorkspaceTransfer = z
  .strictObject({ user_id: WireId.meta({ description: 'The member who becomes the owner' }) })
  .meta({ id: 'WorkspaceTransfer' })
