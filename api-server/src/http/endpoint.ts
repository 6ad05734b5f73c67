import type { UserTransaction } from '@mdcreator/db/as-user'
import type { Action, Role } from '@mdcreator/shared/roles'
import { type Scope, scopeOf } from '@mdcreator/shared/scopes'
import type { Request } from 'express'
import type { z } from 'zod'
import type { Answer } from './answer.ts'
import type { Caller, SessionCaller } from './authenticate.ts'
import type { ProblemType } from './problem.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** The parts of a request. Objects are strict: what we do not know, we refuse. */
export type RequestSchemas = { params?: z.ZodObject; query?: z.ZodObject; body?: z.ZodType }

type Parsed<S, K extends keyof RequestSchemas> = S extends { [P in K]: infer Z extends z.ZodType }
  ? z.output<Z>
  : undefined

/** What a handler is given: parsed, and no more than was declared. */
export type Input<S extends RequestSchemas, A extends Auth, I extends boolean, R> = {
  params: Parsed<S, 'params'>
  query: Parsed<S, 'query'>
  body: Parsed<S, 'body'>
  /** Who calls; nobody where `auth` is `public`. */
  caller: A extends 'bearer' ? Caller : A extends 'session' ? SessionCaller : undefined
  /**
   * Checks the declared permission against the caller's role in what was found, and gives it back.
   * @throws Problem 404 where nothing was found, 403 where the role is too low
   */
  permit: <T extends { role: Role }>(found: T | undefined) => T
  /**
   * Where `idempotent` is declared: does the work in a transaction for the caller, together with keeping its reply for
   * the request's Idempotency-Key; or gives the reply that was kept. All effects belong into the work, and what it
   * checks too; what is announced afterwards may be announced twice.
   * @throws Problem 409, 422
   */
  once: I extends true ? (work: (trx: UserTransaction) => Promise<R>) => Promise<Answer> : undefined
  /** The request, for its headers. */
  req: Request
}

/** `body` is checked against the response schema before it leaves. */
export type Reply<R> = { body: R; etag?: string; location?: string }
export type EmptyReply = { body?: undefined; etag?: string }
/** For people in a browser: a page, or where to go from here (303). */
export type BrowserReply = { page: string; status?: number; headers: Record<string, string> } | { redirect: string }

export type BodyType = 'application/json' | 'application/x-www-form-urlencoded'

type ReplyOf<R extends z.ZodType> = R extends z.ZodUndefined ? EmptyReply : Reply<z.input<R>>

/**
 * Who may call. `bearer`: whoever has signed in, and programs whose personal access token has the scope. `session`: only
 * who has signed in, for what a program must not do: accounts, sessions, and tokens themselves.
 */
export type Auth = 'public' | 'bearer' | 'session'

/** What says which scope a program needs, so that no `bearer` endpoint is without: the permission, or the scope itself. */
type Access<A extends Auth> = A extends 'bearer'
  ? { permission: Action; scope?: Scope } | { permission?: undefined; scope: Scope }
  : { permission?: Action; scope?: undefined }

type Declaration = {
  method: Method
  /** With `{parameters}`, as in OpenAPI. */
  path: string
  /** Unique; names the method in generated clients. */
  operationId: string
  tag: string
  /** A line, in the imperative or as a name. */
  summary: string
  /** What the summary does not say: rules, limits, effects on others. */
  description: string
  auth: Auth
  /** What the body may be sent as. Default: JSON. */
  bodyTypes?: readonly BodyType[]
  /** Where it answers people in a browser: what the pages are, by status, and where it sends them. */
  browser?: { pages: Record<number, string>; redirect: string }
  /** Bytes of the body. Default 1 MiB. */
  bodyLimit?: number
  /**
   * True for a POST that creates: with an Idempotency-Key it is done once, see `once`. Not where the reply holds a
   * secret: it would be kept.
   */
  idempotent?: boolean
  /** True for what machines ask every few seconds: it counts against no rate limit. */
  unlimited?: boolean
  /** Default 200, or 204 without a response. */
  status?: number
  contentType?: 'application/json' | 'text/markdown' | 'text/plain; version=0.0.4' | 'application/problem+json'
  cacheControl?: string
  /** The problems it can answer besides those that follow from the rest of the declaration. */
  problems?: ProblemType[]
  /** The headers of its reply, for the OpenAPI document. */
  headers?: ('ETag' | 'Location')[]
}

/** An endpoint whose types have been checked: what routes and the OpenAPI document are made from. */
export type Endpoint = Declaration & {
  /** Checked by `permit`. */
  permission?: Action
  /** What a personal access token needs; absent where none is taken. */
  scope?: Scope
  request: RequestSchemas
  response?: z.ZodType
  handle: (
    input: Input<RequestSchemas, Auth, boolean, unknown>,
  ) => Promise<Reply<unknown> | EmptyReply | Answer | BrowserReply>
}

/** Declares an endpoint once: validation, types, the route and its OpenAPI entry all come from here. */
export function endpoint<
  const A extends Auth,
  const S extends RequestSchemas = object,
  R extends z.ZodType = z.ZodUndefined,
  const I extends boolean = false,
>(
  spec: Declaration &
    Access<A> & {
      auth: A
      request?: S
      response?: R
      idempotent?: I
      handle: (input: Input<S, A, I, ReplyOf<R>>) => Promise<ReplyOf<R> | Answer | BrowserReply>
    },
): Endpoint {
  const { request = {}, handle, ...declaration } = spec as typeof spec & { permission?: Action; scope?: Scope }
  const { auth, permission } = declaration
  const scope = declaration.scope ?? (auth === 'bearer' && permission ? scopeOf(permission) : null)
  return {
    ...(declaration as Declaration),
    ...(scope && { scope }),
    request,
    handle: handle as unknown as Endpoint['handle'],
  }
}

/** The same endpoints below a base path. */
export const below = (base: string, endpoints: Endpoint[]): Endpoint[] =>
  endpoints.map((item) => ({ ...item, path: base + item.path }))
