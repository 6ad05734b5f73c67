export { findSummary } from './documents.queries.ts'
