/** What a member of a workspace is, the lowest first. */
export const roles = ['viewer', 'commenter', 'editor', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

/**
 * The one permission matrix: the lowest role that may do each thing. The API checks it per endpoint, the collab server
 * per connection, and row-level security says the same once more beneath both.
 */
const lowestRole = {
  'workspace.read': 'viewer',
  'workspace.update': 'admin',
  'workspace.delete': 'owner',
  'workspace.transfer': 'owner',
  'audit.read': 'admin',
  'member.read': 'viewer',
  // Of those who are not above oneself, to no more than one's own role. Leaving needs no right.
  'member.update': 'admin',
  'member.remove': 'admin',
  // To no more than one's own role; a workspace has one owner, so nobody is invited to be that.
  'invitation.read': 'admin',
  'invitation.create': 'admin',
  'invitation.delete': 'admin',
  'document.read': 'viewer',
  'document.create': 'editor',
  'document.write': 'editor',
  'document.delete': 'editor',
  'version.read': 'viewer',
  'version.create': 'editor',
  'comment.read': 'viewer',
  // Also to change and delete the own comments, and to react.
  'comment.create': 'commenter',
  'comment.resolve': 'commenter',
  // To delete those of others.
  'comment.moderate': 'admin',
  'attachment.read': 'viewer',
  'attachment.create': 'editor',
  'attachment.delete': 'editor',
  'context-file.read': 'viewer',
  'context-file.create': 'editor',
  'context-file.delete': 'editor',
  // The own usage everybody may read.
  'usage.read': 'admin',
} as const satisfies Record<string, Role>

export type Action = keyof typeof lowestRole

/** True where the role may do the action; no role (a stranger) may do nothing. */
export function can(role: Role | null | undefined, action: Action): boolean {
  return role != null && roles.indexOf(role) >= roles.indexOf(lowestRole[action])
}
