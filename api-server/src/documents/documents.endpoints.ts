import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { newId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { asCaller, readAsCaller } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { strongTag } from '../http/etag.ts'
import type { Cursors } from '../http/page.ts'
import { idTaken, invalid, problemTypes } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import { findWorkspace, workspaceQuery } from '../workspaces/index.ts'
import { canonicalise, checkContentSize, contentBodyLimit, isLong } from './canonical.ts'
import { documentQuery, documentsQuery, findDocument, insertDocument } from './documents.queries.ts'
import { Document, DocumentPage, DocumentPatch, DocumentQuery, NewDocument } from './documents.schema.ts'
import { patchContent, patchTitle } from './patch.ts'
import { baseRequired, staleBase, staleMatch } from './preconditions.ts'
import { moveToTrash, restoreFromTrash } from './trash.ts'
import { toReply, toSummary } from './wire.ts'

const tag = 'Documents'
const inWorkspace = z.object({ workspace_id: WireId })
const ofDocument = z.object({ document_id: WireId })

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors }

export function documentEndpoints({ db, bus, log, cursors }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/workspaces/{workspace_id}/documents',
      operationId: 'createDocument',
      tag,
      summary: 'Make a document',
      description:
        'The text is stored in canonical form, so that opening the document in an editor does not change it.',
      auth: 'bearer',
      permission: 'document.create',
      idempotent: true,
      request: { params: inWorkspace, body: NewDocument },
      bodyLimit: contentBodyLimit,
      status: 201,
      response: Document,
      headers: ['Location', 'ETag'],
      problems: [problemTypes.idTaken],
      handle: async ({ caller, params, body, permit, once }) => {
        const id = body.id ?? newId()
        checkContentSize(body.content)
        if (body.doc_type === 'mindmap' && body.content !== '') {
          throw invalid('A mind map has no text of its own', [{ pointer: '/content', detail: 'is not for mind maps' }])
        }
        const findPermitted = async (trx: Parameters<typeof findWorkspace>[0]) =>
          permit(await findWorkspace(trx, caller.userId, params.workspace_id))
        if (isLong(body.content)) await asCaller(db, caller, findPermitted)
        const text = await canonicalise(body.content)
        return once(async (trx) => {
          const { id: workspace_id } = await findPermitted(trx)
          const isNew = await insertDocument(trx, {
            id,
            workspace_id,
            title: body.title,
            doc_type: body.doc_type,
            ...text,
            created_by: caller.userId,
            updated_by: caller.userId,
          })
          const row = isNew && (await findDocument(trx, caller.userId, id))
          if (!row) throw idTaken()
          return { ...toReply(row), location: `/api/v1/documents/${id}` }
        })
      },
    }),
    endpoint({
      method: 'get',
      path: '/workspaces/{workspace_id}/documents',
      operationId: 'listDocuments',
      tag,
      summary: 'The documents of a workspace, without their text',
      description:
        'Sorted by title or by the last change; `deleted=true` gives the trash. The cursor is good for the same parameters only.',
      auth: 'bearer',
      permission: 'document.read',
      request: { params: inWorkspace, query: DocumentQuery },
      response: DocumentPage,
      handle: async ({ caller, params, query, permit }) => {
        const { sort, deleted, limit } = query
        const order = query.order ?? (sort === 'title' ? 'asc' : 'desc')
        const list = `documents of ${params.workspace_id} by ${sort} ${order}, deleted ${deleted}`
        const after = await cursors.open(list, query.cursor)
        const options = { workspaceId: params.workspace_id, sort, order, deleted, after, limit: limit + 1 }
        const [[workspace], rows] = await readAsCaller(
          db,
          caller,
          workspaceQuery(db, caller.userId, params.workspace_id),
          documentsQuery(db, caller.userId, options),
        )
        permit(workspace)
        const page = await cursors.page(list, rows, limit, (row) => [row.sort_key, row.id])
        return { body: { ...page, items: page.items.map(toSummary) } }
      },
    }),
    endpoint({
      method: 'get',
      path: '/documents/{document_id}',
      operationId: 'getDocument',
      tag,
      summary: 'A document with its text',
      description:
        'The text is at most a second behind what people see in their editors. The ETag covers text, metadata and your role.',
      auth: 'bearer',
      permission: 'document.read',
      request: { params: ofDocument },
      response: Document,
      handle: async ({ caller, params, permit }) => {
        const [[row]] = await readAsCaller(db, caller, documentQuery(db, caller.userId, params.document_id))
        return toReply(permit(row))
      },
    }),
    endpoint({
      method: 'get',
      path: '/documents/{document_id}/content',
      operationId: 'getDocumentContent',
      tag,
      summary: 'The text of a document, as Markdown',
      description: 'The same text as in `content` of the document. Its ETag is the `content_hash`.',
      auth: 'bearer',
      permission: 'document.read',
      request: { params: ofDocument },
      response: z.string().meta({ example: '# Hello World' }),
      contentType: 'text/markdown',
      handle: async ({ caller, params, permit }) => {
        const [[row]] = await readAsCaller(db, caller, documentQuery(db, caller.userId, params.document_id))
        const { content, content_hash } = permit(row)
        return { body: content, etag: strongTag(content_hash) }
      },
    }),
    endpoint({
      method: 'patch',
      path: '/documents/{document_id}',
      operationId: 'updateDocument',
      tag,
      summary: 'Change the title or replace the text',
      description:
        'Strict: never merges. A new text needs `base_hash` or If-Match; a stale one is refused with the text there is now.',
      auth: 'bearer',
      permission: 'document.write',
      request: { params: ofDocument, body: DocumentPatch },
      bodyLimit: contentBodyLimit,
      response: Document,
      headers: ['ETag'],
      problems: [staleBase, staleMatch, baseRequired, problemTypes.timeout],
      handle: async ({ caller, params, body, permit, req }) => {
        const { title, content } = body
        const conditions = { baseHash: body.base_hash, ifMatch: req.get('If-Match') }
        const patch = { id: params.document_id, caller, conditions, permit }
        if (content !== undefined) {
          checkContentSize(content)
          return toReply(await patchContent({ db, bus }, patch, { content, title }))
        }
        if (title === undefined) throw invalid('Nothing is to be changed')
        return toReply(await patchTitle(db, patch, title))
      },
    }),
    endpoint({
      method: 'delete',
      path: '/documents/{document_id}',
      operationId: 'deleteDocument',
      tag,
      summary: 'Move a document to the trash',
      description: 'Open editors are closed within a second. Nothing is lost: restore it from the trash.',
      auth: 'bearer',
      permission: 'document.delete',
      request: { params: ofDocument },
      problems: [staleMatch],
      handle: async ({ caller, params, permit, req }) => {
        const conditions = { baseHash: undefined, ifMatch: req.get('If-Match') }
        await moveToTrash({ db, bus, log }, { id: params.document_id, caller, conditions, permit })
        return {}
      },
    }),
    endpoint({
      method: 'post',
      path: '/documents/{document_id}/restore',
      operationId: 'restoreDocument',
      tag,
      summary: 'Bring a document back from the trash',
      description: 'A document that is not in the trash is answered as it is.',
      auth: 'bearer',
      permission: 'document.delete',
      request: { params: ofDocument },
      response: Document,
      headers: ['ETag'],
      problems: [staleMatch],
      handle: async ({ caller, params, permit, req }) => {
        const conditions = { baseHash: undefined, ifMatch: req.get('If-Match') }
        return toReply(await restoreFromTrash(db, { id: params.document_id, caller, conditions, permit }))
      },
    }),
  ]
}
