import type { z } from 'zod'
import { type Fault, invalid } from './problem.ts'

/** More than these help nobody. */
const maxFaults = 50

/** The parsed value. @throws Problem 422 with a JSON Pointer (RFC 6901) to each fault */
export function validate(schema: z.ZodType, value: unknown, part: 'body' | 'query'): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(`The ${part} of the request is not valid`, result.error.issues.flatMap(toFaults).slice(0, maxFaults))
}

function toFaults(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: toPointer([...issue.path, key]), detail: 'is not known here' }))
  }
  return [{ pointer: toPointer(issue.path), detail: issue.message }]
}

function toPointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
