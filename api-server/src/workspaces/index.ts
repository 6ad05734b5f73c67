export { findWorkspace } from './workspaces.queries.ts'
export { WireRole } from './workspaces.schema.ts'
