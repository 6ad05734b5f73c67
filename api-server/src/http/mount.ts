import type { UserTransaction } from '@mdcreator/db/as-user'
import type { Logger } from '@mdcreator/shared/log'
import { type Action, can, type Role } from '@mdcreator/shared/roles'
import type { TokenVerifier } from '@mdcreator/shared/tokens'
import type { Request, RequestHandler, Response, Router } from 'express'
import { Answer } from './answer.ts'
import { authenticate, type Caller, type TokenCaller } from './authenticate.ts'
import { readBody } from './body.ts'
import type { Auth, BrowserReply, Endpoint, Input, RequestSchemas } from './endpoint.ts'
import { matchesWeakly, weakTagOf } from './etag.ts'
import { type AnswerStore, keyedRequest } from './idempotency.ts'
import { noteRoute } from './metrics.ts'
import { forbidden, insufficientScope, notFound, Problem, problemTypes } from './problem.ts'
import { enforce, type RateLimit } from './rate-limit.ts'
import { networkOf } from './request-log.ts'
import { validate } from './validate.ts'

const defaultBodyLimit = 1024 * 1024

export type MountDeps = {
  verifier: TokenVerifier
  /** Writes down that a personal access token is in use; must neither wait nor fail. */
  noteUse: (caller: TokenCaller) => void
  /** Per user, or per network where nobody is signed in. */
  limit: RateLimit
  answers: AnswerStore
  log: Logger
}

/** Makes the routes of the endpoints, and a 405 for every other method on their paths. */
export function mount(router: Router, endpoints: Endpoint[], deps: MountDeps): void {
  const methods = new Map<string, Set<string>>()
  for (const item of endpoints) {
    const route = item.path.replace(/\{(\w+)\}/g, ':$1')
    router[item.method](route, ...handlers(item, deps))
    const allowed = methods.get(route) ?? new Set(['OPTIONS'])
    methods.set(route, allowed.add(item.method.toUpperCase()))
    if (item.method === 'get') allowed.add('HEAD')
  }
  for (const [route, allowed] of methods) router.all(route, otherMethods([...allowed].sort().join(', ')))
}

function otherMethods(allow: string): RequestHandler {
  return (req, res) => {
    if (req.method !== 'OPTIONS') {
      throw new Problem(problemTypes.methodNotAllowed, `Allowed here: ${allow}`, { headers: { Allow: allow } })
    }
    res.set('Allow', allow).status(204).end()
  }
}

function handlers(item: Endpoint, deps: MountDeps): RequestHandler[] {
  const { verifier, noteUse, limit, log } = deps
  const callers = new WeakMap<Request, Caller>()
  // Before the body is read: a stranger's megabytes are not worth reading.
  const identify: RequestHandler = async (req, res, next) => {
    const [caller, refusal] = item.auth === 'public' ? [] : await attempt(authenticate(req, verifier))
    // Who shows a bad token is counted too, or guessing them would be free.
    if (!item.unlimited) enforce(res, await limit.take(caller ? caller.userId : networkOf(res)))
    if (refusal !== undefined) throw refusal
    if (caller) {
      if (caller.kind === 'token') {
        if (!item.scope || !caller.scopes.includes(item.scope)) throw insufficientScope(item.scope)
        noteUse(caller)
      }
      callers.set(req, caller)
    }
    next()
  }
  const run: RequestHandler = async (req, res) => {
    const reply = await item.handle(toInput(item, req, callers.get(req), deps))
    if ('page' in reply || 'redirect' in reply) sendToBrowser(res, reply)
    else send(item, req, res, reply instanceof Answer ? reply : render(item, reply, log))
  }
  return [
    noteRoute(item.path),
    identify,
    ...(item.request.body ? readBody(item.bodyLimit ?? defaultBodyLimit, item.bodyTypes ?? ['application/json']) : []),
    run,
  ]
}

/** What came of it: a value, or what was thrown. */
const attempt = <T>(work: Promise<T>): Promise<[T] | [undefined, unknown]> =>
  work.then(
    (value) => [value],
    (error: unknown) => [undefined, error],
  )

function toInput(
  item: Endpoint,
  req: Request,
  caller: Caller | undefined,
  { answers, log }: MountDeps,
): Input<RequestSchemas, Auth, boolean, unknown> {
  const { params, query, body } = item.request
  const path = params?.safeParse(req.params)
  // A name that nothing can have names nothing.
  if (path && !path.success) throw notFound()
  const asked = {
    params: path?.data,
    query: query && validate(query, req.query, 'query'),
    body: body && validate(body, req.body, 'body'),
  }
  // Before anything is done: a key that is none is no reason to begin.
  const request = item.idempotent ? keyedRequest(req, item.operationId, asked) : undefined
  const once = async (work: (trx: UserTransaction) => Promise<AnyReply>): Promise<Answer> => {
    if (!caller) throw new Error(`${item.operationId} is idempotent and public`)
    return answers.answerOnce(caller, request, async (trx) => render(item, await work(trx), log))
  }
  return {
    ...asked,
    caller,
    permit: (found) => permit(found, item.permission),
    once: item.idempotent ? once : undefined,
    req,
  } as Input<RequestSchemas, Auth, boolean, unknown>
}

function permit<T extends { role: Role }>(found: T | undefined, action: Action | undefined): T {
  if (!found) throw notFound()
  if (!action || !can(found.role, action)) throw forbidden()
  return found
}

function send(item: Endpoint, req: Request, res: Response, answer: Answer): void {
  res.set('Cache-Control', item.cacheControl ?? (item.auth === 'public' ? 'no-store' : 'private, no-cache'))
  if (item.auth !== 'public') res.vary('Authorization')
  answer.writeHead(res)
  const { body, etag } = answer
  if (body === undefined) res.end()
  else if (item.method === 'get' && etag !== undefined && matchesWeakly(req.get('If-None-Match'), etag)) {
    res.status(304).end()
  } else res.type(item.contentType ?? 'application/json').send(body)
}

function sendToBrowser(res: Response, reply: BrowserReply): void {
  res.set('Cache-Control', 'no-store')
  // 303: what follows a form is a GET (RFC 9110, section 15.4.4).
  if ('redirect' in reply) res.status(303).set('Location', reply.redirect).end()
  else
    res
      .status(reply.status ?? 200)
      .set(reply.headers)
      .type('html')
      .send(reply.page)
}

type AnyReply = { body?: unknown; etag?: string; location?: string }

/** Only what the schema declares leaves the server; what contradicts it is our fault, and a 500. */
function render(item: Endpoint, { body: unchecked, etag, location }: AnyReply, log: Logger): Answer {
  if (!item.response) return new Answer({ status: item.status ?? 204, body: undefined, etag: undefined, location })
  const result = item.response.safeParse(unchecked)
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`)
    log.error({ operation: item.operationId, faults }, 'a response contradicts its schema')
    throw new Problem(problemTypes.internal, 'Something went wrong on our side')
  }
  const body = typeof result.data === 'string' ? result.data : JSON.stringify(result.data)
  const tag = etag ?? (item.method === 'get' ? weakTagOf(body) : undefined)
  return new Answer({ status: item.status ?? 200, body, etag: tag, location })
}
