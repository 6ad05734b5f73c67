export { findWorkspace, lockWorkspace } from './workspaces.queries.ts'
export { GrantableRole, WireRole } from './workspaces.schema.ts'
