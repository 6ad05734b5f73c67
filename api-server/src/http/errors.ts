import { BusError } from '@mdcreator/shared/bus/bus'
import type { Logger } from '@mdcreator/shared/log'
import { OutsideError } from '@mdcreator/shared/outside'
import { TokenError } from '@mdcreator/shared/tokens'
import type { ErrorRequestHandler, Response } from 'express'
import { notFound, Problem, problemTypes, unauthenticated, unavailable } from './problem.ts'
import { requestIdOf } from './request-log.ts'

/** SQLSTATEs after which the same request may succeed: connection, shutdown, too many clients, deadlock, time limits. */
const passingStates = /^(08...|57P0[123]|57014|53300|25P03|40001|40P01|55P03)$/
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
])
/** What pg and its pool say in plain Errors without a code. */
const lostConnection =
  /^(timeout exceeded when trying to connect|Connection terminated|timeout expired|Client has encountered a connection error)/

/** True where the error, or one of its causes, says that the database cannot be reached or is too busy. */
export function isDatabaseAway(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    const { code } = e as { code?: unknown }
    if (typeof code === 'string' && (passingStates.test(code) || networkCodes.has(code))) return true
    if (lostConnection.test(e.message)) return true
  }
  return false
}

function isIssuerAway(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof OutsideError) return true
  return false
}

/** The last middleware: whatever was thrown leaves as problem details, and nothing of an unknown error leaves at all. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (error, req, res, next) => {
    const problem = toProblem(error)
    // A Problem was thrown on purpose, as by each probe of a server that is not ready yet: no failure of ours.
    if (error instanceof Problem) log.debug({ detail: error.message }, problem.type.title)
    else if (problem.type.status >= 500) log.error({ err: error, method: req.method }, problem.type.title)
    if (res.headersSent) next(error)
    else sendProblem(res, problem)
  }
}

function sendProblem(res: Response, problem: Problem): void {
  for (const name of ['ETag', 'Location', 'Content-Disposition']) res.removeHeader(name)
  res.status(problem.type.status)
  res.set({ 'Cache-Control': 'no-store', ...problem.extras.headers })
  res.type('application/problem+json')
  res.send(JSON.stringify(problem.body(requestIdOf(res))))
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isIssuerAway(error)) return unavailable('The issuer of your token cannot be reached')
  // Before TokenError: keys that could not be read say nothing about the token.
  if (isDatabaseAway(error)) return unavailable('The database is away or busy')
  if (error instanceof TokenError) return unauthenticated(error.expired ? 'expired' : 'invalid')
  if (error instanceof BusError && error.reason === 'unavailable') {
    return unavailable('No collaboration server is running: live documents cannot be reached now')
  }
  if (error instanceof BusError && error.reason === 'timeout') {
    return new Problem(problemTypes.timeout, 'The live document did not answer in time')
  }
  // A path that cannot be decoded names nothing.
  if (error instanceof URIError) return notFound()
  return ofStatus(error) ?? new Problem(problemTypes.internal, 'Something went wrong on our side')
}

/** The errors of Express's own body reading, known by their status. */
function ofStatus(error: unknown): Problem | undefined {
  const status = (error as { status?: unknown } | null)?.status
  if (status === 400) return new Problem(problemTypes.malformed, 'The request cannot be read')
  if (status === 413) return new Problem(problemTypes.tooLarge, 'The body is larger than this endpoint takes')
  if (status === 415) return new Problem(problemTypes.unsupportedMediaType, 'The encoding of the body is not supported')
  return undefined
}
