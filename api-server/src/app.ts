import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { clientNetworks } from '@mdcreator/shared/client-address'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import type { Registry } from '@mdcreator/shared/metrics'
import cors from 'cors'
import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import { pingDatabase } from './app.queries.ts'
import { apiTokenVerifier, createProvision } from './auth/index.ts'
import { createEndpoints } from './endpoints.ts'
import { docsRoutes } from './http/docs.ts'
import { errorHandler } from './http/errors.ts'
import type { Check } from './http/health.ts'
import { measureRequests } from './http/metrics.ts'
import { mount } from './http/mount.ts'
import { openApiDocument } from './http/openapi.ts'
import { notFound } from './http/problem.ts'
import type { RateLimits } from './http/rate-limit.ts'
import { identifyRequest, requestLog } from './http/request-log.ts'
import { createAnswerStore } from './idempotency/index.ts'
import type { Mailer } from './mail/index.ts'
import { measuredBus } from './measured-bus.ts'
import { useRecorder } from './personal-access-tokens/index.ts'

export type AppDeps = {
  config: Config
  log: Logger
  /** With the role `mdcreator_api`. */
  db: Database
  bus: Bus
  mailer: Mailer
  limits: RateLimits
  /** What `/metrics` shows; ours are added to those that are there. */
  registry: Registry
  /** What `/readyz` checks besides the database. */
  checks?: Record<string, Check>
  /** True once the server is shutting down; `/readyz` then answers 503. */
  isStopping?: () => boolean
  /**
   * Asked before a path is answered with 404: pages and files of others. It must set a Content-Security-Policy of its
   * own on pages, ours allows nothing, and call `next` for what it does not have.
   */
  fallback?: RequestHandler
}

/** The API as an Express app; it listens to nothing by itself. */
export function createApp(deps: AppDeps): Express {
  const { config, log, db, limits, registry, fallback } = deps
  const app = express()
  app.disable('x-powered-by')
  // Ours are made in http/mount.ts, and compared there.
  app.set('etag', false)
  app.set('query parser', 'simple')
  app.set('trust proxy', config.trustedProxies)
  app.use(
    measureRequests(registry),
    identifyRequest(clientNetworks(config.trustedProxies)),
    requestLog(log),
    securityHeaders(),
    cors(corsOptions(config.corsOrigins)),
  )

  const health = {
    checks: { database: () => pingDatabase(db), ...deps.checks },
    isStopping: deps.isStopping ?? (() => false),
  }
  const endpoints = createEndpoints({ ...deps, bus: measuredBus(deps.bus, registry), health })
  mount(app, endpoints, {
    verifier: apiTokenVerifier(db, config, createProvision(db, config.auth)),
    noteUse: useRecorder(db, log),
    answers: createAnswerStore(db),
    limit: limits.create({ name: 'requests', points: config.rateLimitPerMinute, seconds: 60 }),
    log,
  })
  app.use(docsRoutes(openApiDocument(endpoints, config.publicUrl ?? '/')))
  if (fallback) app.use(fallback)
  app.use(() => {
    throw notFound()
  })
  app.use(errorHandler(log))
  return app
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  })
}

/** No cookies, so no credentials: an origin gains nothing but the right to read what its own token opens. */
function corsOptions(origins: string[]): cors.CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : origins,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Idempotency-Key', 'X-Request-Id'],
    exposedHeaders: [
      'ETag',
      'Idempotent-Replayed',
      'Location',
      'Retry-After',
      'X-Request-Id',
      'RateLimit-Limit',
      'RateLimit-Remaining',
      'RateLimit-Reset',
    ],
    maxAge: 600,
    // http/mount.ts answers OPTIONS, with what the path allows.
    preflightContinue: true,
  }
}
