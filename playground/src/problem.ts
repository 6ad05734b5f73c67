/** An answer of the API that is not a success: RFC 9457 problem details. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly retryAfter: number | null

  constructor(status: number, detail: string, retryAfter: number | null) {
    super(detail)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** No answer at all: the server is down or the network is. */
export class UnreachableError extends Error {
  override name = 'UnreachableError'
}

/** Nobody is signed in any more: the session was revoked or has run out. */
export class SignedOutError extends Error {
  override name = 'SignedOutError'
}

/** Reads problem+json, and says something sensible of answers that are not. */
export async function readProblem(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null)
  const retryAfter = Number(response.headers.get('retry-after')) || null
  return new ApiError(response.status, detailOf(body) ?? `The server answered ${response.status}.`, retryAfter)
}

function detailOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null
  const { detail, title, errors } = body as { detail?: unknown; title?: unknown; errors?: FieldProblem[] }
  const text = [fieldDetail(errors?.[0]), detail, title].find((part) => typeof part === 'string' && part !== '')
  return typeof text === 'string' ? text : null
}

interface FieldProblem {
  pointer?: string
  detail?: string
}

/** `/display_name` and "is too long" make "Display name: is too long". */
function fieldDetail(problem: FieldProblem | undefined): string | null {
  if (!problem?.detail) return null
  const field = problem.pointer?.split('/').at(-1)?.replaceAll('_', ' ')
  return field ? `${field.charAt(0).toUpperCase()}${field.slice(1)}: ${problem.detail}` : problem.detail
}

/** One sentence for people. */
export function explain(error: unknown): string {
  if (error instanceof UnreachableError) return 'The server cannot be reached. Check your connection and try again.'
  if (error instanceof SignedOutError) return 'Your session has ended. Please sign in again.'
  if (error instanceof ApiError && error.status === 429) {
    return `Too many requests. Try again in ${error.retryAfter ?? 'a few'} seconds.`
  }
  if (error instanceof Error) return error.message
  return 'Something went wrong.'
}
