import { z } from 'zod'
import type { ZodOpenApiResponsesObject } from 'zod-openapi'
import type { Endpoint } from './endpoint.ts'
import { answerNotKept, inProgress, keyReused } from './idempotency.ts'
import { type ProblemType, problemTypes, problemUri } from './problem.ts'

const Fault = z
  .object({
    pointer: z.string().meta({ description: 'JSON Pointer (RFC 6901)', example: '/title' }),
    detail: z.string().meta({ example: 'must not be empty' }),
  })
  .meta({ id: 'Fault' })

const requestId = '01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d12'

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

/** Every header that an answer may have for its reader; what is not here is for caches and browsers. */
const headers = {
  'X-Request-Id': header('X-Request-Id', 'The id of the request: yours, or a new one', requestId),
  ETag: header('ETag', 'For If-Match and If-None-Match', '"a3f1-7-editor"'),
  Location: header(
    'Location',
    'The path of what was created',
    '/api/v1/documents/01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d11',
  ),
  'WWW-Authenticate': header('WWW-Authenticate', 'What is wrong with the token', 'Bearer realm="mdcreator"'),
  'RateLimit-Limit': header('RateLimit-Limit', 'Requests that you may make in a minute', '600'),
  'RateLimit-Remaining': header('RateLimit-Remaining', 'How many of them are left', '599'),
  'RateLimit-Reset': header('RateLimit-Reset', 'Seconds until all are there again', '60'),
  'Retry-After': header('Retry-After', 'Seconds until it is worth trying again', '2'),
}
type HeaderName = keyof typeof headers

function header(id: string, description: string, example: string): z.ZodString {
  return z.string().meta({ header: { id, description }, example })
}

/** Those of every answer, and these. */
const withHeaders = (item: Endpoint, ...names: HeaderName[]) => {
  const all: HeaderName[] = ['X-Request-Id', ...(item.unlimited ? [] : usage), ...names]
  // A path that cannot be decoded is answered before anything is counted.
  const shape = all.map((name) => [name, name.startsWith('RateLimit') ? headers[name].optional() : headers[name]])
  return { headers: z.object(Object.fromEntries(shape)) }
}

/** What rate limits tell. */
const usage = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const

/** Not where it is the role that falls short. */
const scopeChallenge = {
  'WWW-Authenticate': z.string().optional().meta({
    description: 'What a personal access token lacks (RFC 6750, section 3)',
    example: 'Bearer realm="mdcreator", error="insufficient_scope", scope="documents:write"',
  }),
}

/** Where the request was done before, with the same Idempotency-Key. */
const replayed = {
  'Idempotent-Replayed': z
    .string()
    .optional()
    .meta({ description: '`true` where the request was done before', example: 'true' }),
}
/** Where the request is in progress, or its answer was not kept. */
const notReplayed = { 'Retry-After': headers['Retry-After'].optional(), Location: headers.Location.optional() }

/** Headers that belong to a status, whichever the problem. */
const problemHeaders: Record<number, HeaderName[]> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

/** Everything an endpoint can answer. */
export function responses(item: Endpoint): ZodOpenApiResponsesObject {
  if (item.browser) return browserReplies(item, item.browser, failures(item))
  return { ...success(item), ...failures(item) }
}

const Page = z.string().meta({ example: '<!doctype html><title>Sign in</title>' })

/** Pages and a redirect; a status may be that of a page and of a problem. */
function browserReplies(
  item: Endpoint,
  { pages, redirect }: NonNullable<Endpoint['browser']>,
  problems: ZodOpenApiResponsesObject,
): ZodOpenApiResponsesObject {
  const entries = Object.entries(pages).map(([status, what]) => {
    const problem = problems[status as '400']
    const content = { ...(problem && 'content' in problem && problem.content), 'text/html': { schema: Page } }
    const description = [what, problem && 'description' in problem && problem.description].filter(Boolean).join('; ')
    return [status, { description, ...withHeaders(item, ...(problemHeaders[Number(status)] ?? [])), content }] as const
  })
  return {
    ...problems,
    ...Object.fromEntries(entries),
    '303': { description: redirect, ...withHeaders(item, 'Location') },
  }
}

function success(item: Endpoint): ZodOpenApiResponsesObject {
  const status = String(item.status ?? (item.response ? 200 : 204)) as '200'
  const names = new Set(item.headers)
  if (item.method === 'get') names.add('ETag')
  const { headers: sent } = withHeaders(item, ...names)
  return {
    [status]: {
      description: item.summary,
      headers: item.idempotent ? sent.extend(replayed) : sent,
      ...(item.response && { content: { [item.contentType ?? 'application/json']: { schema: item.response } } }),
    },
    ...(item.method === 'get' && {
      '304': { description: 'It is what If-None-Match names', ...withHeaders(item, 'ETag') },
    }),
  }
}

function failures(item: Endpoint): ZodOpenApiResponsesObject {
  // By slug: a problem that the endpoint declares with members of its own takes the place of the plain one.
  const bySlug = new Map([...impliedProblems(item), ...(item.problems ?? [])].map((type) => [type.slug, type]))
  const byStatus = Map.groupBy(bySlug.values(), (type) => type.status)
  const entries = [...byStatus].map(([status, types]) => {
    const content = { 'application/problem+json': { schema: problemSchema(types), examples: examples(types) } }
    const { headers: sent } = withHeaders(item, ...(problemHeaders[status] ?? []))
    const headers = sent.extend({
      ...(types.includes(problemTypes.insufficientScope) && scopeChallenge),
      ...(types.includes(inProgress) && notReplayed),
    })
    return [status, { description: describe(types), headers, content }] as const
  })
  return Object.fromEntries(entries.sort(([a], [b]) => a - b))
}

const describe = (types: ProblemType[]): string =>
  types.map((type) => `${type.title} (\`${problemUri(type.slug)}\`)`).join('; ')

/** With the members of them all, required where each of them has it. */
function problemSchema(types: ProblemType[]): z.ZodType {
  const members = Object.assign({}, ...types.map((type) => type.members ?? {})) as Record<string, z.ZodType>
  if (Object.keys(members).length === 0) return ProblemBody
  const isShared = (name: string) => types.every((type) => type.members?.[name])
  const shape = Object.entries(members).map(([name, schema]) => [name, isShared(name) ? schema : schema.optional()])
  return ProblemBody.extend(Object.fromEntries(shape)).meta({ id: undefined })
}

/** One of each kind; what is missing is added from the schema. */
function examples(types: ProblemType[]): Record<string, { value: object }> {
  const value = ({ slug, title, status }: ProblemType) => ({
    type: problemUri(slug),
    title,
    status,
    detail: title,
    instance: requestId,
  })
  return Object.fromEntries(types.map((type) => [type.slug, { value: value(type) }]))
}

/** What follows from the declaration itself. */
function impliedProblems(item: Endpoint): ProblemType[] {
  const { params, query, body } = item.request
  const types: ProblemType[] = [problemTypes.internal, problemTypes.unavailable]
  if (item.auth !== 'public') types.push(problemTypes.unauthenticated, problemTypes.insufficientScope)
  if (item.idempotent) types.push(inProgress, answerNotKept, keyReused)
  if (!item.unlimited) types.push(problemTypes.tooManyRequests)
  if (item.permission) types.push(problemTypes.notFound, problemTypes.forbidden)
  if (params) types.push(problemTypes.notFound)
  if (query || body) types.push(problemTypes.invalid)
  if (body) types.push(problemTypes.malformed, problemTypes.tooLarge, problemTypes.unsupportedMediaType)
  return types
}
