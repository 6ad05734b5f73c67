import { z } from 'zod'
import { Email } from '../auth/index.ts'
import { pageOf } from '../http/page.ts'
import { Timestamp, WireId } from '../http/schema.ts'
import { GrantableRole } from '../workspaces/index.ts'

/** 256 bits in base64url: what the link in the mail holds. */
export const InvitationToken = z
  .string()
  .regex(/^[\w-]{43}$/)
  .meta({ example: 'tP3sXG0bqTQ5mFh2V8lJYw1d9ZkRc7uNaE4oBiLxH6M' })

export const NewInvitation = z.strictObject({ email: Email, role: GrantableRole }).meta({ id: 'NewInvitation' })

export const Invitation = z
  .object({
    id: WireId,
    workspace_id: WireId,
    email: z.string().meta({ example: 'ada@example.com' }),
    role: GrantableRole,
    state: z
      .enum(['open', 'expired', 'void'])
      .meta({ description: 'Void: whoever invited may not grant this role any more. Invite again' }),
    invited_by: WireId,
    created_at: Timestamp,
    expires_at: Timestamp,
  })
  .meta({ id: 'Invitation' })

export const InvitationPage = pageOf(Invitation).meta({ id: 'InvitationPage' })

/** What the link shows, to whoever has it. */
export const InvitationPreview = z
  .object({
    workspace_name: z.string().meta({ example: 'Field notes' }),
    invited_by_name: z.string().meta({ example: 'Grace Hopper' }),
    email: z
      .string()
      .meta({ description: 'Only the account with this address can accept', example: 'ada@example.com' }),
    role: GrantableRole,
    expires_at: Timestamp,
  })
  .meta({ id: 'InvitationPreview' })

/** Why an invitation is no longer good. */
export const Gone = { state: z.enum(['accepted', 'revoked', 'expired', 'void']) }

export const Membership = z.object({ workspace_id: WireId, role: GrantableRole }).meta({ id: 'Membership' })
