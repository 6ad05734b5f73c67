/** What we read of a JSON Schema (2020-12) as it stands in the document. */
type Schema = {
  $ref?: string
  example?: unknown
  const?: unknown
  enum?: unknown[]
  default?: unknown
  type?: string
  format?: string
  minimum?: number
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
}
type Content = Record<string, { schema?: Schema; example?: unknown; examples?: Record<string, { value: object }> }>
type Operation = { requestBody?: { content: Content }; responses?: Record<string, { content?: Content }> }

/**
 * Writes an example into every body, made from the examples of the schemas' parts, so that each is written once. Where a
 * text or an integer has none, neither has what it is a required part of: the contract test names it.
 */
export function addExamples(document: object): void {
  const { paths } = document as { paths: Record<string, Record<string, Operation>> }
  const find = finder(document)
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    fill(operation.requestBody?.content, find)
    for (const response of Object.values(operation.responses ?? {})) fill(response.content, find)
  }
}

function fill(content: Content | undefined, find: (ref: string) => Schema): void {
  for (const media of Object.values(content ?? {})) {
    if (!media.schema) continue
    const { examples, schema } = media
    if (!examples) media.example = exampleOf(schema, find)
    // A problem's members; `errors` is for bad requests only.
    for (const example of Object.values(examples ?? {})) {
      const { errors: _, ...members } = exampleOf(schema, find) as Record<string, unknown>
      example.value = { ...members, ...example.value }
    }
  }
}

function exampleOf(schema: Schema, find: (ref: string) => Schema): unknown {
  if (schema.example !== undefined) return schema.example
  if (schema.$ref !== undefined) return exampleOf(find(schema.$ref), find)
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return exampleOf(choices.find(({ type }) => type !== 'null') ?? {}, find)
  if (schema.type === 'object') {
    const parts = Object.entries(schema.properties ?? {}).map(([name, part]) => [name, exampleOf(part, find)] as const)
    return Object.fromEntries(parts.filter(([, value]) => value !== undefined))
  }
  if (schema.type === 'array') {
    const item = schema.items && exampleOf(schema.items, find)
    return item === undefined ? undefined : [item]
  }
  if (schema.default !== undefined) return schema.default
  // The least safe integer is what zod says of any integer.
  if (schema.minimum === Number.MIN_SAFE_INTEGER) return undefined
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  if (schema.type === 'boolean') return true
  return formats[schema.format ?? '']
}

const formats: Record<string, string> = {
  'date-time': '2026-01-31T09:30:00.000Z',
  uri: 'https://example.com/ada.png',
  uuid: '01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d11',
  password: 'Passw0rd!',
}

const finder =
  (document: object) =>
  (ref: string): Schema =>
    ref
      .slice('#/'.length)
      .split('/')
      .reduce((node: unknown, key) => (node as Record<string, unknown>)[key], document) as Schema
