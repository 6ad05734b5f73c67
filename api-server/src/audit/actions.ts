/** What the audit log tells of, as `<what>.<happened>`. */
export const auditActions = [
  'account.created',
  'account.password_reset',
  'account.deleted',
  'session.opened',
  'session.refused',
  'session.ended',
  'session.token_reused',
  'access_token.created',
  'access_token.revoked',
  'workspace.created',
  'workspace.transferred',
  'workspace.deleted',
  'member.role_changed',
  'member.removed',
  'member.left',
  'invitation.created',
  'invitation.revoked',
  'invitation.accepted',
  'document.deleted',
  'document.restored',
] as const
export type AuditAction = (typeof auditActions)[number]
