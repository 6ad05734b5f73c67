import type { z } from 'zod'
import { strongTag } from '../http/etag.ts'
import type { DocumentRow, SummaryRow } from './documents.queries.ts'
import type { Document, DocumentSummary } from './documents.schema.ts'

/** A row as lists show it; the schema drops what is not for clients. */
export function toSummary(row: SummaryRow): z.input<typeof DocumentSummary> {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    deleted_at: row.deleted_at?.toISOString() ?? null,
  }
}

/** The body and the entity tag of a document. */
export function toReply(row: DocumentRow): { body: z.input<typeof Document>; etag: string } {
  return { body: { ...toSummary(row), content: row.content }, etag: documentTag(row) }
}

/** Text, metadata and the caller's role: the representation holds all three. */
export const documentTag = (row: Pick<DocumentRow, 'content_hash' | 'version' | 'role'>): string =>
  strongTag(`${row.content_hash}-${row.version}-${row.role}`)
