import type { Action } from './roles.ts'

/** What a personal access token may be good for. Writing does not include reading. */
export const scopes = [
  'documents:read',
  'documents:write',
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
} as const satisfies Record<Action, Scope | null>

export const scopeOf = (action: Action): Scope | null => scopeOfAction[action]
