import type { Scope } from '@mdcreator/shared/scopes'
import type { z } from 'zod'

/** A kind of failure that clients can switch on: its `type` URI is `https://mdcreator.app/problems/<slug>`. */
export type ProblemType = {
  readonly slug: string
  readonly status: number
  readonly title: string
  /** The extension members it carries (RFC 9457, section 3.2), for the OpenAPI document. */
  readonly members?: Record<string, z.ZodType>
}

/** What is wrong with one part of a request; `pointer` is a JSON Pointer (RFC 6901) into the body, query or path. */
export type Fault = { pointer: string; detail: string }

export type ProblemExtras = {
  errors?: Fault[]
  /** Extension members (RFC 9457, section 3.2). */
  members?: Record<string, unknown>
  headers?: Record<string, string>
}

/** RFC 9457 problem details: the one error shape that clients see. Throw it anywhere below an endpoint. */
export class Problem extends Error {
  override name = 'Problem'
  readonly type: ProblemType
  readonly extras: ProblemExtras

  constructor(type: ProblemType, detail: string, extras: ProblemExtras = {}) {
    super(detail)
    this.type = type
    this.extras = extras
  }

  /** The body. `instance` is the request's id, a URI reference as it stands: X-Request-Id allows no other characters. */
  body(requestId: string): Record<string, unknown> {
    const { slug, status, title } = this.type
    return {
      type: problemUri(slug),
      title,
      status,
      detail: this.message,
      instance: requestId,
      ...(this.extras.errors && { errors: this.extras.errors }),
      ...this.extras.members,
    }
  }
}

export const problemUri = (slug: string): string => `https://mdcreator.app/problems/${slug}`

export const problemTypes = {
  malformed: { slug: 'malformed-request', status: 400, title: 'The request cannot be read' },
  unauthenticated: { slug: 'unauthenticated', status: 401, title: 'A valid access token is required' },
  forbidden: { slug: 'forbidden', status: 403, title: 'Your role does not allow this' },
  insufficientScope: { slug: 'insufficient-scope', status: 403, title: 'The token is not good for this' },
  notFound: { slug: 'not-found', status: 404, title: 'Not found' },
  methodNotAllowed: { slug: 'method-not-allowed', status: 405, title: 'The method is not allowed here' },
  requestTimeout: { slug: 'request-timeout', status: 408, title: 'The request took too long' },
  idTaken: { slug: 'id-taken', status: 409, title: 'The id is in use' },
  preconditionFailed: { slug: 'precondition-failed', status: 412, title: 'It has changed since you read it' },
  tooLarge: { slug: 'too-large', status: 413, title: 'The request is too large' },
  unsupportedMediaType: { slug: 'unsupported-media-type', status: 415, title: 'The media type is not supported' },
  invalid: { slug: 'invalid-request', status: 422, title: 'The request is not valid' },
  tooManyRequests: { slug: 'too-many-requests', status: 429, title: 'Too many requests' },
  headersTooLarge: { slug: 'headers-too-large', status: 431, title: 'The headers are too large' },
  internal: { slug: 'internal', status: 500, title: 'Something went wrong' },
  busy: { slug: 'busy', status: 503, title: 'The server is busy' },
  unavailable: { slug: 'unavailable', status: 503, title: 'A dependency is away' },
  timeout: { slug: 'timeout', status: 504, title: 'A dependency did not answer in time' },
} as const satisfies Record<string, ProblemType>

/** The same answer for what is absent and for what the caller may not see. */
export const notFound = (): Problem =>
  new Problem(problemTypes.notFound, 'There is nothing here, or it is not visible to you')

export const forbidden = (): Problem =>
  new Problem(problemTypes.forbidden, 'Your role in this workspace does not allow this')

/** 409 for a client's own id; does not tell whose it is. */
export const idTaken = (): Problem => new Problem(problemTypes.idTaken, 'Something has this id already')

/** 422 for a body, a query or a header that was understood and refused. */
export const invalid = (detail: string, errors?: Fault[]): Problem =>
  new Problem(problemTypes.invalid, detail, errors ? { errors } : {})

/** 503: try again in `retryAfter` seconds. */
export const unavailable = (detail: string, retryAfter = 2, members?: Record<string, unknown>): Problem =>
  new Problem(problemTypes.unavailable, detail, {
    headers: { 'Retry-After': String(retryAfter) },
    ...(members && { members }),
  })

/** 403 for a personal access token (RFC 6750, section 3.1); without a scope, none is good for it. */
export function insufficientScope(scope: Scope | undefined): Problem {
  const detail = scope
    ? `The personal access token needs the scope ${scope}`
    : 'A personal access token cannot do this: sign in'
  const challenge = `Bearer realm="mdcreator", error="insufficient_scope", error_description="${detail}"`
  return new Problem(problemTypes.insufficientScope, detail, {
    headers: { 'WWW-Authenticate': scope ? `${challenge}, scope="${scope}"` : challenge },
  })
}

/**
 * 401 (RFC 6750, section 3). No token asks for one; every bad token gets one answer, but an expired one may know that
 * it has to be refreshed.
 */
export function unauthenticated(reason: 'absent' | 'invalid' | 'expired'): Problem {
  const detail = {
    absent: 'Send an access token: Authorization: Bearer …',
    invalid: 'The access token is not valid',
    expired: 'The access token has expired',
  }[reason]
  const challenge = 'Bearer realm="mdcreator"'
  return new Problem(problemTypes.unauthenticated, detail, {
    headers: {
      'WWW-Authenticate':
        reason === 'absent' ? challenge : `${challenge}, error="invalid_token", error_description="${detail}"`,
    },
  })
}
