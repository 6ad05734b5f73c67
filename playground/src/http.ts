import { readProblem, UnreachableError } from './problem.ts'

export interface Call {
  method?: string
  body?: unknown
  token?: string
}

/** Resolves a path against the folder the page is served from, so that a base path needs no setting. */
export function address(path: string): URL {
  return new URL(path, document.baseURI.replace(/[?#].*$/, ''))
}

/**
 * One request to the API (`path` is relative to /api/v1).
 * @throws {ApiError} for an answer that is not a success, {@link UnreachableError} when there is none.
 */
export async function call(path: string, { method = 'GET', body, token }: Call = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json, text/markdown;q=0.9' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  const init: RequestInit = { method, headers, cache: 'no-store' }
  if (body !== undefined) init.body = JSON.stringify(body)
  const response = await fetch(address(`api/v1/${path}`), init).catch((cause: unknown) => {
    throw new UnreachableError('no answer', { cause })
  })
  // What a proxy says for a server that is not there.
  if (response.status === 502 || response.status === 504) throw new UnreachableError('no answer')
  if (!response.ok) throw await readProblem(response)
  return response
}
