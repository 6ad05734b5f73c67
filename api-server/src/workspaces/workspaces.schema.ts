import { roles } from '@mdcreator/shared/roles'
import { z } from 'zod'
import { pageOf } from '../http/page.ts'
import { Timestamp, text, WireId } from '../http/schema.ts'

export const WireRole = z.enum(roles).meta({ id: 'Role', description: 'What somebody is in a workspace' })

export const Workspace = z
  .object({
    id: WireId,
    name: z.string(),
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
