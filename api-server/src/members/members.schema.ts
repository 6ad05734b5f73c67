import { z } from 'zod'
import { pageOf } from '../http/page.ts'
import { Timestamp, WireId } from '../http/schema.ts'
import { GrantableRole, WireRole } from '../workspaces/index.ts'

/** What others see of a person, and the role. */
export const Member = z
  .object({
    workspace_id: WireId,
    user_id: WireId,
    display_name: z.string().meta({ example: 'Ada Lovelace' }),
    avatar_url: z.string().nullable().meta({ example: 'https://example.com/ada.png' }),
    role: WireRole,
    created_at: Timestamp,
  })
  .meta({ id: 'Member' })

export const MemberPage = pageOf(Member).meta({ id: 'MemberPage' })

export const MemberPatch = z.strictObject({ role: GrantableRole }).meta({ id: 'MemberPatch' })
