import { type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { newId } from '@mdcreator/shared/ids'
import { Problem, type ProblemType, problemTypes } from './problem.ts'

/** What Node's parser gives up with (`code` of the error of `clientError`); all else is a request that cannot be read. */
const problems: Record<string, Problem> = {
  HPE_HEADER_OVERFLOW: new Problem(problemTypes.headersTooLarge, 'The headers are larger than 16 KiB'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Problem(problemTypes.tooLarge, 'The chunk extensions are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(problemTypes.requestTimeout, 'The request did not arrive in time'),
}
const malformed = new Problem(problemTypes.malformed, 'This is not HTTP/1.1')

/** Answers what never becomes a request – broken, too long, too slow – with problem details too, and hangs up. */
export function answerClientErrors(server: Server): void {
  const latest = new WeakMap<Duplex, ServerResponse>()
  server.prependListener('request', (req, res) => latest.set(req.socket, res))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const running = latest.get(socket)
    const isAnswering = running?.headersSent === true && !running.writableFinished
    // A second answer in the middle of the first would corrupt it.
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) socket.destroy()
    else socket.end(toResponse(problems[error.code ?? ''] ?? malformed), () => socket.destroy())
  })
}

function toResponse(problem: Problem): string {
  const requestId = newId()
  const body = JSON.stringify(problem.body(requestId))
  const { status }: ProblemType = problem.type
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
