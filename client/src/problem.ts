import type { components } from './api.ts'

/** What the server says went wrong (RFC 9457), with the members that belong to its type. */
export type Problem = components['schemas']['Problem'] & { [member: string]: unknown }

const base = 'https://mdcreator.app/problems/'

/** Thrown for every answer that is no success. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** What to switch on, such as `not-found`; empty where the answer came from something in between, such as a proxy. */
  readonly slug: string
  readonly problem: Problem | null
  readonly response: Response

  constructor(response: Response, problem: Problem | null) {
    super(problem ? `${problem.title}: ${problem.detail}` : `The server answered ${response.status}`)
    this.status = response.status
    this.slug = problem?.type.startsWith(base) ? problem.type.slice(base.length) : ''
    this.problem = problem
    this.response = response
  }

  static async of(response: Response): Promise<ApiError> {
    const isProblem = response.headers.get('Content-Type')?.startsWith('application/problem+json') ?? false
    const text = await response.text()
    return new ApiError(response, isProblem ? (JSON.parse(text) as Problem) : null)
  }
}
