import { isDeeper } from '@mdcreator/shared/json-depth'
import { type Request, type RequestHandler, raw } from 'express'
import type { BodyType } from './endpoint.ts'
import { Problem, problemTypes } from './problem.ts'

/** Nesting beyond this is an attack: nothing we take is deeper than 4. */
const maxDepth = 32

/**
 * Reads a body of at most `limit` bytes into `req.body`, also a compressed one (the limit is that of the unpacked bytes).
 * Answers 400 for what cannot be read or is no UTF-8 (RFC 8259, section 8.1), 413, and 415 for another media type. What
 * does not say what it is, is the first of the types.
 */
export function readBody(limit: number, types: readonly BodyType[]): RequestHandler[] {
  const typeOf = (req: Request): BodyType | undefined => {
    const type = req.get('Content-Type')
    return type === undefined ? types[0] : types.find((wanted) => isOfType(wanted, type))
  }
  const requireType: RequestHandler = (req, _res, next) => {
    if (!typeOf(req)) {
      throw new Problem(problemTypes.unsupportedMediaType, `The body must be ${types.join(' or ')} in UTF-8`, {
        headers: { Accept: types.join(', ') },
      })
    }
    next()
  }
  const parse: RequestHandler = (req, _res, next) => {
    const bytes = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0)
    req.body = typeOf(req) === 'application/json' ? parseJson(bytes) : parseForm(bytes)
    next()
  }
  return [requireType, raw({ type: () => true, limit }), parse]
}

function isOfType(wanted: BodyType, contentType: string): boolean {
  const [type, ...parameters] = contentType.toLowerCase().split(';')
  if (type?.trim() !== wanted) return false
  return parameters.every((parameter) => {
    const [name, value] = parameter.trim().split('=')
    return name !== 'charset' || value?.replaceAll('"', '') === 'utf-8'
  })
}

/** Of a form no field may come twice: which one would count? (RFC 6749, section 3.1) */
function parseForm(bytes: Buffer): Record<string, string> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Problem(problemTypes.malformed, 'The body is not valid UTF-8')
  }
  const fields = [...new URLSearchParams(text)]
  if (new Set(fields.map(([name]) => name)).size < fields.length) {
    throw new Problem(problemTypes.malformed, 'A field of the form comes twice')
  }
  return Object.fromEntries(fields)
}

function parseJson(bytes: Buffer): unknown {
  const fail = (detail: string) => new Problem(problemTypes.malformed, detail)
  if (bytes.length === 0) throw fail('A JSON body is required')
  if (isDeeper(bytes, maxDepth)) throw fail('The JSON is nested too deeply')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw fail('The body is not valid JSON in UTF-8')
  }
}
