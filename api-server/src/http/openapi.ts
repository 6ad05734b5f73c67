import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'
import type { Endpoint } from './endpoint.ts'
import { type ProblemType, problemTypes, problemUri } from './problem.ts'

const Fault = z
  .object({ pointer: z.string().meta({ description: 'JSON Pointer (RFC 6901)' }), detail: z.string() })
  .meta({ id: 'Fault' })

const ProblemBody = z
  .object({
    type: z.url().meta({ description: 'Stable: switch on this' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().meta({ description: 'The id of the request, as in X-Request-Id' }),
    errors: z.array(Fault).optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457)' })

const headerSchemas = {
  ETag: z.string().meta({ description: 'For If-Match and If-None-Match' }),
  Location: z.string().meta({ description: 'The path of what was created' }),
}

const IfNoneMatch = z.string().meta({ description: 'ETags you have: 304 where one of them is still current' })
const IfMatch = z.string().meta({ description: 'The ETag of what you read: 412 where it has changed since' })

/** The OpenAPI 3.1 document of the endpoints. `server` is where clients reach them. */
export function openApiDocument(endpoints: Endpoint[], server: string) {
  const paths: ZodOpenApiPathsObject = {}
  for (const item of endpoints) {
    const operations = paths[item.path] ?? {}
    operations[item.method] = operation(item)
    paths[item.path] = operations
  }
  return createDocument({
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
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  })
}

function operation(item: Endpoint): ZodOpenApiOperationObject {
  const { params, query, body } = item.request
  return {
    operationId: item.operationId,
    tags: [item.tag],
    summary: item.summary,
    ...(item.description && { description: item.description }),
    security: item.auth === 'bearer' ? [{ bearer: [] }] : [],
    ...(item.permission && { 'x-permission': item.permission }),
    requestParams: { ...(params && { path: params }), ...(query && { query }), ...conditions(item) },
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...success(item), ...failures(item) },
  }
}

/** The headers of a conditional request (RFC 9110, section 13), where the endpoint heeds them. */
function conditions(item: Endpoint): { header?: z.ZodObject } {
  if (item.method === 'get') return { header: z.object({ 'If-None-Match': IfNoneMatch.optional() }) }
  const heedsIfMatch = item.problems?.some((type) => type.status === problemTypes.preconditionFailed.status)
  return heedsIfMatch ? { header: z.object({ 'If-Match': IfMatch.optional() }) } : {}
}

function success(item: Endpoint): ZodOpenApiResponsesObject {
  const status = String(item.status ?? (item.response ? 200 : 204)) as '200'
  const names = new Set(item.headers)
  if (item.method === 'get') names.add('ETag')
  const headers = z.object(Object.fromEntries([...names].map((name) => [name, headerSchemas[name]])))
  return {
    [status]: {
      description: item.summary,
      ...(names.size > 0 && { headers }),
      ...(item.response && { content: { [item.contentType ?? 'application/json']: { schema: item.response } } }),
    },
    ...(item.method === 'get' && { '304': { description: 'It is what If-None-Match names', headers } }),
  }
}

function failures(item: Endpoint): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy(new Set([...impliedProblems(item), ...(item.problems ?? [])]), (type) => type.status)
  const entries = [...byStatus].map(([status, types]) => {
    const members = Object.assign({}, ...types.map((type) => type.members ?? {})) as Record<string, z.ZodType>
    const schema = Object.keys(members).length > 0 ? ProblemBody.extend(members).meta({ id: undefined }) : ProblemBody
    const description = types.map((type) => `${type.title} (\`${problemUri(type.slug)}\`)`).join('; ')
    return [status, { description, content: { 'application/problem+json': { schema } } }] as const
  })
  return Object.fromEntries(entries.sort(([a], [b]) => a - b))
}

/** What follows from the declaration itself. */
function impliedProblems(item: Endpoint): ProblemType[] {
  const { params, query, body } = item.request
  const types: ProblemType[] = [problemTypes.internal, problemTypes.unavailable]
  if (item.auth === 'bearer') types.push(problemTypes.unauthenticated)
  if (item.permission) types.push(problemTypes.notFound, problemTypes.forbidden)
  if (params) types.push(problemTypes.notFound)
  if (query || body) types.push(problemTypes.invalid)
  if (body) types.push(problemTypes.malformed, problemTypes.tooLarge, problemTypes.unsupportedMediaType)
  return types
}
