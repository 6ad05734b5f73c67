import type { Database } from '@mdcreator/db/database'
import { asCaller } from '../auth/index.ts'
import { Answer } from '../http/answer.ts'
import { type AnswerStore, type KeyedRequest, refuseInProgress, refuseLarge, refuseReuse } from '../http/idempotency.ts'
import { findAnswer, type KeptAnswer, keepAnswer, lockKey, maxBodyBytes } from './idempotency.queries.ts'

/** Keeps answers in the database: whoever sees the effect of a request can have its answer. */
export function createAnswerStore(db: Database): AnswerStore {
  return {
    answerOnce: (caller, request, work) =>
      asCaller(db, caller, async (trx) => {
        if (!request) return work(trx)
        const { userId } = caller
        if (!(await lockKey(trx, userId, request.key))) throw refuseInProgress()
        const kept = await findAnswer(trx, userId, request.key)
        if (kept) return replay(kept, request)
        const answer = await work(trx)
        await keepAnswer(trx, userId, request.key, toKept(answer, request))
        return answer
      }),
  }
}

function replay({ fingerprint, status, body, ...headers }: KeptAnswer, request: KeyedRequest): Answer {
  if (!request.fingerprint.equals(fingerprint)) throw refuseReuse()
  const etag = headers.etag ?? undefined
  const location = headers.location ?? undefined
  if (body === null) throw refuseLarge(location)
  return new Answer({ status, body, etag, location, isReplayed: true })
}

function toKept({ status, body = '', etag, location }: Answer, { fingerprint }: KeyedRequest): KeptAnswer {
  const isSmall = Buffer.byteLength(body) <= maxBodyBytes
  return { fingerprint, status, body: isSmall ? body : null, etag: etag ?? null, location: location ?? null }
}
