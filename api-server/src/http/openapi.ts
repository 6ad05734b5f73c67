import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import type { Endpoint } from './endpoint.ts'
import { addExamples } from './openapi-examples.ts'
import { responses } from './openapi-responses.ts'
import { problemTypes } from './problem.ts'

const IfNoneMatch = z
  .string()
  .meta({ description: 'ETags you have: 304 where one of them is still current', example: '"a3f1-7-editor"' })
const IfMatch = z
  .string()
  .meta({ description: 'The ETag of what you read: 412 where it has changed since', example: '"a3f1-7-editor"' })

const IdempotencyKey = z.string().min(1).max(255).meta({
  description:
    'Any new UUID. A request that is repeated with its key within 24 hours is not done again: it gets the first answer',
  example: '01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d13',
})

/** The OpenAPI 3.1 document of the endpoints. `server` is where clients reach them. */
export function openApiDocument(endpoints: Endpoint[], server: string) {
  const paths: ZodOpenApiPathsObject = {}
  for (const item of endpoints) {
    const operations = paths[item.path] ?? {}
    operations[item.method] = operation(item)
    paths[item.path] = operations
  }
  const document = createDocument({
    openapi: '3.1.1',
    info: {
      title: 'MD Creator',
      version: '1.0.0',
      description: 'Teams write Markdown documents together, live and offline. Errors are problem details (RFC 9457).',
    },
    servers: [{ url: server }],
    tags: [...new Set(endpoints.map((item) => item.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token: you signed in' },
        personal_access_token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'mdc_…',
          description: 'A personal access token with the scope that is named',
        },
      },
    },
  })
  addExamples(document)
  return document
}

function operation(item: Endpoint): ZodOpenApiOperationObject {
  const { params, query, body } = item.request
  return {
    operationId: item.operationId,
    tags: [item.tag],
    summary: item.summary,
    description: item.description,
    security: security(item),
    ...(item.permission && { 'x-permission': item.permission }),
    requestParams: { ...(params && { path: params }), ...(query && { query }), ...conditions(item) },
    ...(body && { requestBody: { required: true, content: bodyContent(item, body) } }),
    responses: responses(item),
  }
}

/** For a scheme other than OAuth's, the names are what the token must be good for (OpenAPI 3.1, Security Requirement). */
function security({ auth, scope }: Endpoint): Record<string, string[]>[] {
  if (auth === 'public') return []
  return scope ? [{ bearer: [] }, { personal_access_token: [scope] }] : [{ bearer: [] }]
}

function bodyContent({ bodyTypes = ['application/json'] }: Endpoint, schema: z.ZodType) {
  return Object.fromEntries(bodyTypes.map((type) => [type, { schema }]))
}

/** The headers of a conditional request (RFC 9110, section 13), where the endpoint heeds them. */
function conditions(item: Endpoint): { header?: z.ZodObject } {
  if (item.idempotent) return { header: z.object({ 'Idempotency-Key': IdempotencyKey.optional() }) }
  if (item.browser) return {}
  if (item.method === 'get') return { header: z.object({ 'If-None-Match': IfNoneMatch.optional() }) }
  const heedsIfMatch = item.problems?.some((type) => type.status === problemTypes.preconditionFailed.status)
  return heedsIfMatch ? { header: z.object({ 'If-Match': IfMatch.optional() }) } : {}
}
