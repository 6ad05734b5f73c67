import type { Action } from './roles.ts'

/** What a personal access token may be good for. Writing does not include reading. */
export const scopes = [
  'comments:read',
  'comments:write',
  'documents:read',
  'documents:write',
  'files:read',
  'files:write',
  'members:read',
  'members:write',
  'profile:read',
  'profile:write',
  'workspaces:read',
  'workspaces:write',
] as const
export type Scope = (typeof scopes)[number]

/**
 * The scope that a personal access token needs for each thing, or null where none is good for it; what its user may do
 * there, the role says as ever.
 */
const scopeOfAction = {
  'workspace.read': 'workspaces:read',
  'workspace.update': 'workspaces:write',
  'workspace.delete': 'workspaces:write',
  'workspace.transfer': null,
  'audit.read': null,
  'member.read': 'members:read',
  'member.update': 'members:write',
  'member.remove': 'members:write',
  'invitation.read': 'members:read',
  'invitation.create': 'members:write',
  'invitation.delete': 'members:write',
  'document.read': 'documents:read',
  'document.create': 'documents:write',
  'document.write': 'documents:write',
  'document.delete': 'documents:write',
  'version.read': 'documents:read',
  'version.create': 'documents:write',
  'comment.read': 'comments:read',
  'comment.create': 'comments:write',
  'comment.resolve': 'comments:write',
  'comment.moderate': 'comments:write',
  'attachment.read': 'files:read',
  'attachment.create': 'files:write',
  'attachment.delete': 'files:write',
  'context-file.read': 'files:read',
  'context-file.create': 'files:write',
  'context-file.delete': 'files:write',
  'usage.read': 'workspaces:read',
} as const satisfies Record<Action, Scope | null>

export const scopeOf = (action: Action): Scope | null => scopeOfAction[action]
