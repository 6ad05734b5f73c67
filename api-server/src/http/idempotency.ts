import { createHash } from 'node:crypto'
import type { UserTransaction } from '@mdcreator/db/as-user'
import type { Request } from 'express'
import type { Answer } from './answer.ts'
import type { Caller } from './authenticate.ts'
import { invalid, Problem, type ProblemType } from './problem.ts'

/** A request that may be sent again; `fingerprint` is the SHA-256 of what it asks for. */
export type KeyedRequest = { key: string; fingerprint: Buffer }

/** Keeps the answers to requests with an Idempotency-Key, in the transaction of what they tell of. */
export type AnswerStore = {
  /**
   * Does the work in a transaction for the caller, or gives the answer that was kept. Without a request it only does the
   * work.
   * @throws Problem 409 while the first request is in progress, 422 where the key was used for another request
   */
  answerOnce(
    caller: Caller,
    request: KeyedRequest | undefined,
    work: (trx: UserTransaction) => Promise<Answer>,
  ): Promise<Answer>
}

export const inProgress: ProblemType = {
  slug: 'request-in-progress',
  status: 409,
  title: 'The first request with this key is in progress',
}
export const answerNotKept: ProblemType = {
  slug: 'answer-not-kept',
  status: 409,
  title: 'It was done, and the answer was too large to be kept',
}
export const keyReused: ProblemType = {
  slug: 'idempotency-key-reused',
  status: 422,
  title: 'The key was used for another request',
}

/**
 * The request's Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) with the fingerprint of what it asks for,
 * after validation: white space and the order of headers do not matter. Undefined without a key.
 * @throws Problem 422 for a key that is none
 */
export function keyedRequest(req: Request, operationId: string, asked: unknown): KeyedRequest | undefined {
  const key = req.get('Idempotency-Key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalid('An Idempotency-Key has 1 to 255 visible ASCII characters; a UUID is a good one')
  }
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([operationId, asked]))
    .digest()
  return { key, fingerprint }
}

export const refuseInProgress = (): Problem =>
  new Problem(inProgress, 'Send it again in a second to get its answer', { headers: { 'Retry-After': '1' } })

export const refuseReuse = (): Problem =>
  new Problem(keyReused, 'Use a new Idempotency-Key for each request, and the same one only to repeat it')

export const refuseLarge = (location: string | undefined): Problem =>
  new Problem(answerNotKept, 'This request was done before; read what it made at Location', {
    ...(location !== undefined && { headers: { Location: location } }),
  })
