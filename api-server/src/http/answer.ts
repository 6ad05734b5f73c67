import type { Response } from 'express'

/** What leaves the server: a reply that was checked against its schema and rendered, or one that was given before. */
export class Answer {
  readonly status: number
  /** Undefined for an answer without content. */
  readonly body: string | undefined
  readonly etag: string | undefined
  readonly location: string | undefined
  /** True where it was given before, to a request with the same Idempotency-Key. */
  readonly isReplayed: boolean

  constructor({ status, body, etag, location, isReplayed }: AnswerParts) {
    this.status = status
    this.body = body
    this.etag = etag
    this.location = location
    this.isReplayed = isReplayed ?? false
  }

  /** Sets the status and the headers; the content type is left to the endpoint. */
  writeHead(res: Response): void {
    res.status(this.status)
    if (this.location !== undefined) res.location(this.location)
    if (this.etag !== undefined) res.set('ETag', this.etag)
    if (this.isReplayed) res.set('Idempotent-Replayed', 'true')
  }
}

export type AnswerParts = {
  status: number
  body: string | undefined
  etag: string | undefined
  location: string | undefined
  isReplayed?: boolean
}
