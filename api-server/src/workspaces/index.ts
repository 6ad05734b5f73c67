export { findWorkspace, lockWorkspace, workspaceQuery } from './workspaces.queries.ts'
export { GrantableRole, WireRole } from './workspaces.schema.ts'
