import createFetchClient, { type FetchResponse, type MaybeOptionalInit } from 'openapi-fetch'
import type { paths } from './api.ts'
import { ApiError } from './problem.ts'
import { Session, type TokenStore, withToken } from './session.ts'

const prefix = '/api/v1'

/** The endpoints below /api/v1, without that prefix. */
type Api = { [P in keyof paths as P extends `${typeof prefix}${infer Rest}` ? Rest : never]: paths[P] }
type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete'
type PathsWith<V extends Verb> = { [P in keyof Api]: Api[P] extends Record<V, object> ? P : never }[keyof Api]
type Operation<P extends keyof Api, V extends Verb> =
  Api[P] extends Record<V, infer O extends Record<string, unknown>> ? O : never
type Success<T> = T extends { error?: never; data: infer Data; response: Response }
  ? { data: Data; response: Response }
  : never

/** Gives the data of a success. @throws ApiError for every other answer, TypeError without one, TimeoutError */
type Method<V extends Verb> = <P extends PathsWith<V>, Init extends MaybeOptionalInit<Api[P], V>>(
  path: P,
  ...init: undefined extends Init ? [Init?] : [Init]
) => Promise<Success<FetchResponse<Operation<P, V>, Init, `${string}/${string}`>>>

export type Client = {
  GET: Method<'get'>
  POST: Method<'post'>
  PUT: Method<'put'>
  PATCH: Method<'patch'>
  DELETE: Method<'delete'>
}

export type ClientOptions = {
  /** Where the server is, such as `https://docs.example.com`. */
  baseUrl: string
  /** A token that stays the same, such as a personal access token, or where tokens are kept that are to be refreshed. */
  token?: string | TokenStore
  /** Instead of the platform's. */
  fetch?: (request: Request) => Promise<Response>
  /** Milliseconds for each answer. Default 30 s. */
  timeoutMs?: number
}

/** A client of the REST API whose paths, parameters, bodies and answers are typed by its OpenAPI document. */
export function createClient({ baseUrl, token, fetch = globalThis.fetch, timeoutMs = 30_000 }: ClientOptions): Client {
  const root = baseUrl.replace(/\/+$/, '') + prefix
  const send = (request: Request): Promise<Response> =>
    fetch(new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]) }))
  const session = typeof token === 'object' ? new Session(token, `${root}/auth/refresh`, send) : undefined
  const authorized = (request: Request): Promise<Response> =>
    session ? session.fetch(request) : send(withToken(request, token as string | undefined))
  return createFetchClient<Api>({
    baseUrl: root,
    fetch: async (request) => {
      // A key for each call, so that the same call sent again makes nothing twice.
      if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) {
        request.headers.set('Idempotency-Key', crypto.randomUUID())
      }
      const response = await authorized(request)
      if (!response.ok && response.status !== 304) throw await ApiError.of(response)
      return response
    },
  }) as unknown as Client
}

/** Everything in a list, page after page: `page` asks for the one that the query names. */
export async function* allItems<T>(
  page: (query: { cursor?: string }) => Promise<{ data: { items: T[]; next_cursor: string | null } }>,
): AsyncGenerator<T> {
  let cursor: string | null = null
  do {
    const { data } = await page(cursor === null ? {} : { cursor })
    yield* data.items
    cursor = data.next_cursor
  } while (cursor !== null)
}
