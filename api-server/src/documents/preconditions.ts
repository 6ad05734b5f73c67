import { isAny, matchesStrongly } from '../http/etag.ts'
import { Problem, type ProblemType, problemTypes } from '../http/problem.ts'
import type { DocumentRow, Expected } from './documents.queries.ts'
import { Current } from './documents.schema.ts'
import { documentTag } from './wire.ts'

export const staleBase: ProblemType = {
  slug: 'stale-base',
  status: 409,
  title: 'The text has changed since you read it',
  members: Current,
}
export const staleMatch: ProblemType = { ...problemTypes.preconditionFailed, members: Current }
export const baseRequired: ProblemType = { slug: 'base-required', status: 428, title: 'Name the text you changed' }

/** What the client says it has read: `base_hash` of the body, `If-Match`, both, or neither. */
export type Conditions = { baseHash: string | undefined; ifMatch: string | undefined }

type Text = Pick<DocumentRow, 'content' | 'content_hash'>

/** The refusal of a stale write, with what there is now: 412 where If-Match was given, otherwise 409. */
export function stale({ ifMatch }: Conditions, { content, content_hash }: Text): Problem {
  const type = ifMatch === undefined ? staleBase : staleMatch
  return new Problem(type, `${type.title}: merge with \`content\` and try again`, {
    members: { content_hash, content },
  })
}

/** @throws Problem 412 unless If-Match, where given, names the document as the caller sees it */
export function checkIfMatch(row: DocumentRow, conditions: Conditions): void {
  const { ifMatch } = conditions
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, documentTag(row))) throw stale(conditions, row)
}

/**
 * What must still be true of the row when it is changed.
 * @throws Problem 409 or 412 where it is not true now
 */
export function expectedOf(row: DocumentRow, conditions: Conditions): Expected {
  checkIfMatch(row, conditions)
  const { baseHash, ifMatch } = conditions
  if (baseHash !== undefined && baseHash !== row.content_hash) throw stale({ baseHash, ifMatch: undefined }, row)
  const isExact = ifMatch !== undefined && !isAny(ifMatch)
  return { version: isExact ? row.version : undefined, content_hash: baseHash }
}

/**
 * The text that a new text replaces. Not compared with the row here: the live document may be a second ahead of it.
 * @throws Problem 428 where the client names none: it would destroy what somebody is typing; 412
 */
export function baseOf(row: DocumentRow, conditions: Conditions): { base_hash: string; base_version?: number } {
  checkIfMatch(row, conditions)
  const { baseHash, ifMatch } = conditions
  const isExact = ifMatch !== undefined && !isAny(ifMatch)
  if (isExact && baseHash !== undefined && baseHash !== row.content_hash) {
    throw stale({ baseHash, ifMatch: undefined }, row)
  }
  if (isExact) return { base_hash: row.content_hash, base_version: row.version }
  if (baseHash !== undefined) return { base_hash: baseHash }
  throw new Problem(baseRequired, 'Send base_hash, or If-Match with the ETag of the document you changed')
}
