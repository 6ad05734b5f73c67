import { newId } from '@mdcreator/shared/ids'
import { type Logger, requestContext, withoutSecrets } from '@mdcreator/shared/log'
import type { Request, RequestHandler, Response } from 'express'
import { pinoHttp } from 'pino-http'

/** Characters that are safe in a header, a log line and a URI reference. */
const acceptable = /^[\w.~-]{1,128}$/

/**
 * Gives every request an id – the caller's X-Request-Id where it is harmless – and carries it, and where the request
 * comes from, to whatever is done for it.
 */
export function identifyRequest(toNetwork: (req: Request) => string): RequestHandler {
  return (req, res, next) => {
    const given = req.get('X-Request-Id')
    const requestId = given && acceptable.test(given) ? given : newId()
    res.locals['requestId'] = requestId
    res.set('X-Request-Id', requestId)
    const network = toNetwork(req)
    res.locals['network'] = network
    const userAgent = req.get('User-Agent')?.slice(0, 500) ?? null
    requestContext.run({ requestId, client: { network, userAgent } }, next)
  }
}

/** The id that `identifyRequest` gave. */
export const requestIdOf = (res: Response): string => String(res.locals['requestId'])

/** Where the request comes from: an IPv4 address, or the /64 of an IPv6 address. */
export const networkOf = (res: Response): string => String(res.locals['network'])

/** Machines ask for these every few seconds. */
const probes = new Set<string | undefined>(['/healthz', '/readyz', '/metrics'])

/** One line per request, without bodies, headers or secrets. */
export function requestLog(log: Logger): RequestHandler {
  return pinoHttp<Request, Response>({
    logger: log,
    genReqId: (_req, res) => requestIdOf(res),
    serializers: {
      req: (req: { id: string; method: string; url: string; remoteAddress?: string }) => ({
        // Where a client hangs up, the line is written outside the request's context.
        id: req.id,
        method: req.method,
        url: withoutSecrets(req.url),
        remoteAddress: req.remoteAddress,
      }),
      res: (res: { statusCode: number }) => ({ statusCode: res.statusCode }),
    },
    customLogLevel: (_req, res, error) => (error || res.statusCode >= 500 ? 'error' : 'info'),
    autoLogging: { ignore: (req) => probes.has(req.url) },
  })
}
