import { z } from 'zod'
import { PageQuery, pageOf } from '../http/page.ts'
import { hasProperty, Timestamp, text, WireId } from '../http/schema.ts'
import { WireRole } from '../workspaces/index.ts'

const Hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in lower-case hex')
  .meta({
    id: 'ContentHash',
    description: 'SHA-256 of the Markdown, in lower-case hex',
    example: 'd1ca5f0a3ce4bb70f5e06dba8a5d7a3a4e3b0a8ddbd6a2cbc8e5c8b8c6d5b9f0',
  })

const Markdown = text().meta({ example: '# Hello World' })
const Title = text().trim().min(1, 'must not be empty').max(500).meta({ example: 'Meeting notes' })

/** What lists give: everything but the text. */
export const DocumentSummary = z
  .object({
    id: WireId,
    workspace_id: WireId,
    title: z.string().meta({ example: 'Meeting notes' }),
    doc_type: z.enum(['markdown', 'mindmap']),
    content_hash: Hash,
    yjs_clock: z.int().meta({ description: 'How far into the update log `content` reaches', example: 4711 }),
    version: z.int().meta({ description: 'Counts changes of title, text, workspace and tombstone', example: 7 }),
    created_by: WireId,
    updated_by: WireId.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Timestamp.nullable().meta({ example: null }),
    role: WireRole,
  })
  .meta({ id: 'DocumentSummary' })

export const Document = DocumentSummary.extend({
  content: z
    .string()
    .meta({ description: 'Markdown; at most a second behind the live document', example: '# Hello World' }),
}).meta({ id: 'Document' })

export const DocumentPage = pageOf(DocumentSummary).meta({ id: 'DocumentPage' })

export const NewDocument = z
  .strictObject({
    id: WireId.optional().meta({ description: 'Your own id for it; made up where absent' }),
    title: Title,
    content: Markdown.default('').meta({ description: 'Markdown; stored in canonical form' }),
    doc_type: z.enum(['markdown', 'mindmap']).default('markdown'),
  })
  .meta({ id: 'NewDocument' })

export const DocumentPatch = z
  .strictObject({
    title: Title.optional(),
    content: Markdown.optional().meta({ description: 'The whole text; needs `base_hash` or If-Match' }),
    base_hash: Hash.optional().meta({ description: 'The `content_hash` of what you changed' }),
  })
  .refine(({ base_hash: _, ...change }) => hasProperty(change), 'must hold a title or content')
  .meta({ id: 'DocumentPatch' })

export const DocumentQuery = PageQuery.extend({
  sort: z.enum(['title', 'updated_at']).default('updated_at'),
  order: z.enum(['asc', 'desc']).optional().meta({ description: 'Default: asc for title, desc for updated_at' }),
  deleted: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .meta({ override: { type: 'boolean', default: false, enum: [true, false] }, description: 'True: the trash' }),
})

/** What a refused write tells, so that the client can merge. */
export const Current = { content_hash: Hash, content: z.string().meta({ example: '# Hello World' }) }
