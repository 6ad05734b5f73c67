export { type AuditEntry, audit } from './audit.queries.ts'
