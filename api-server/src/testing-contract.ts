import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

// For tests only: what the OpenAPI document promises, held against every answer that the tests get.

type Schema = Record<string, unknown>
type Header = { required?: boolean; $ref?: string }
type Response = { content?: Record<string, { schema: Schema }>; headers?: Record<string, Header> }
type Operation = { responses: Record<string, Response> }
type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { headers?: Record<string, Header> }
}
type Answer = { status: number; headers: Headers; text: string }

/** Headers that clients act on: none may come without being declared. */
const contractual = /^(etag|location|www-authenticate|retry-after|ratelimit.*|x-request-id|idempoten.*)$/

export class Contract {
  private readonly document: Document
  private readonly templates: [RegExp, string][]
  private readonly ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true, validateSchema: false }))
  private readonly validators = new Map<Schema, ValidateFunction>()

  constructor(document: object) {
    this.document = document as Document
    // Literal segments come before parameters.
    this.templates = Object.keys(this.document.paths)
      .sort((a, b) => (a.replaceAll('{', '~') < b.replaceAll('{', '~') ? -1 : 1))
      .map((path) => [new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`), path])
  }

  /** @throws Error where the answer is not one that the document declares. Other methods and paths are not its business. */
  check(method: string, path: string, answer: Answer): void {
    const template = this.templates.find(([pattern]) => pattern.test(path.replace(/[?#].*/, '')))?.[1]
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
    const operation = template === undefined ? undefined : this.document.paths[template]?.[verb]
    if (!operation) return
    const faults = this.faultsOf(operation.responses[answer.status], answer, method === 'HEAD')
    if (faults.length === 0) return
    throw new Error(`${method} ${template} broke its contract: ${answer.status}, ${faults.join('; ')}\n${answer.text}`)
  }

  /** What is wrong with a value, as the schema sees it. */
  faultsIn(schema: Schema, value: unknown): string[] {
    const known = this.validators.get(schema)
    const validate = known ?? this.ajv.compile({ ...schema, components: this.document.components })
    this.validators.set(schema, validate)
    validate(value)
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    )
  }

  private faultsOf(response: Response | undefined, answer: Answer, isHead: boolean): string[] {
    if (!response) return ['a status that it does not declare']
    return [...this.headerFaults(response, answer.headers), ...(isHead ? [] : this.bodyFaults(response, answer))]
  }

  private headerFaults({ headers = {} }: Response, sent: Headers): string[] {
    const declared = Object.entries(headers).map(
      ([name, header]) => [name.toLowerCase(), this.resolve(header)] as const,
    )
    const names = new Set(declared.map(([name]) => name))
    return [
      ...declared.filter(([name, { required }]) => required && !sent.has(name)).map(([name]) => `no ${name}`),
      ...[...sent.keys()].filter((name) => contractual.test(name) && !names.has(name)).map((name) => `a stray ${name}`),
    ]
  }

  private bodyFaults({ content }: Response, { headers, text }: Answer): string[] {
    const type = headers.get('Content-Type')
    if (!content) return text === '' && type === null ? [] : [`a body of ${type} where it declares none`]
    const media = Object.entries(content).find(([name]) => withoutCharset(name) === withoutCharset(type ?? ''))
    if (!media) return [`a body of ${type} where it declares ${Object.keys(content)}`]
    const [name, { schema }] = media
    return this.faultsIn(schema, name.includes('json') ? JSON.parse(text) : text)
  }

  private resolve(header: Header): Header {
    if (header.$ref === undefined) return header
    return this.document.components.headers?.[header.$ref.split('/').at(-1) ?? ''] ?? {}
  }
}

const withoutCharset = (type: string): string => type.replace(/;\s*charset=.*/i, '').trim()

const contracts = new Map<string, Contract>()

/** The contract of a server; one for all that publish the same document. */
export async function contractOf(origin: string): Promise<Contract> {
  const response = await fetch(`${origin}/openapi.json`)
  const text = await response.text()
  const known = contracts.get(text) ?? new Contract(JSON.parse(text))
  contracts.set(text, known)
  return known
}
