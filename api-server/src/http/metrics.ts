import { Gauge, Histogram, type Registry } from '@mdcreator/shared/metrics'
import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import { type Endpoint, endpoint } from './endpoint.ts'

const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Other methods never reach an endpoint, and anybody can make them up. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Counts and times requests by method, route template and status: nothing that names a tenant. */
export function measureRequests(registry: Registry): RequestHandler {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'api_request_seconds',
    help: 'From the arrival of a request to the end of its answer; status 499 where the client left first',
    labelNames: ['method', 'route', 'status'],
    buckets,
    registers,
  })
  const inFlight = new Gauge({ name: 'api_requests_in_flight', help: 'Requests that are being answered', registers })
  return (req, res, next) => {
    const end = seconds.startTimer()
    inFlight.inc()
    res.once('close', () => {
      inFlight.dec()
      const method = methods.has(req.method) ? req.method : 'other'
      end({ method, route: routeOf(res), status: res.writableFinished ? res.statusCode : 499 })
    })
    next()
  }
}

/** Notes which endpoint answers a request. */
export const noteRoute =
  (path: string): RequestHandler =>
  (_req, res, next) => {
    res.locals['route'] = path
    next()
  }

/** Pages, files and what does not exist have one name: paths are made up by anybody. */
const routeOf = (res: Response): string => String(res.locals['route'] ?? 'other')

/** `/metrics`, for Prometheus. */
export function metricsEndpoints(registry: Registry): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/metrics',
      operationId: 'getMetrics',
      tag: 'Process',
      summary: 'What the server counts of itself, for Prometheus',
      description:
        'Open to everybody who reaches it and without data of tenants; a proxy in front of the server should not publish it.',
      auth: 'public',
      unlimited: true,
      response: z.string().meta({ example: 'api_requests_in_flight 1\n' }),
      contentType: 'text/plain; version=0.0.4',
      handle: async () => ({ body: await registry.metrics() }),
    }),
  ]
}
