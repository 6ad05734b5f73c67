import { type RequestHandler, raw } from 'express'
import { Problem, problemTypes } from './problem.ts'

/** Nesting beyond this is an attack: nothing we take is deeper than 4. */
const maxDepth = 32

/**
 * Reads a JSON body of at most `limit` bytes into `req.body`, also a compressed one (the limit is that of the unpacked
 * bytes). Answers 400 for what is no JSON or no UTF-8 (RFC 8259, section 8.1), 413, and 415 for another media type.
 */
export function jsonBody(limit: number): RequestHandler[] {
  const requireJson: RequestHandler = (req, _res, next) => {
    const type = req.get('Content-Type')
    if (type !== undefined && !isJson(type)) {
      throw new Problem(problemTypes.unsupportedMediaType, 'The body must be application/json in UTF-8', {
        headers: { Accept: 'application/json' },
      })
    }
    next()
  }
  const parse: RequestHandler = (req, _res, next) => {
    req.body = parseJson(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0))
    next()
  }
  return [requireJson, raw({ type: () => true, limit }), parse]
}

function isJson(contentType: string): boolean {
  const [type, ...parameters] = contentType.toLowerCase().split(';')
  if (type?.trim() !== 'application/json') return false
  return parameters.every((parameter) => {
    const [name, value] = parameter.trim().split('=')
    return name !== 'charset' || value?.replaceAll('"', '') === 'utf-8'
  })
}

function parseJson(bytes: Buffer): unknown {
  const fail = (detail: string) => new Problem(problemTypes.malformed, detail)
  if (bytes.length === 0) throw fail('A JSON body is required')
  if (isTooDeep(bytes)) throw fail('The JSON is nested too deeply')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw fail('The body is not valid JSON in UTF-8')
  }
}

/** Counts brackets outside strings: before parsing, so that depth never costs stack. */
function isTooDeep(bytes: Buffer): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > maxDepth) return true
    } else if (byte === closeBrace || byte === closeBracket) depth--
  }
  return false
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
