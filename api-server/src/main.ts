import { createDatabase } from '@mdcreator/db/database'
import { awaitMigrations } from '@mdcreator/db/migrate'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { createBus } from '@mdcreator/shared/bus/create'
import { loadConfig } from '@mdcreator/shared/config'
import { createLogger } from '@mdcreator/shared/log'
import { createRegistry } from '@mdcreator/shared/metrics'
import { Shutdown } from '@mdcreator/shared/shutdown'
import { surviveRejections } from '@mdcreator/shared/stray-rejections'
import { exitWithUserError, UserError } from '@mdcreator/shared/user-error'
import { createApp } from './app.ts'
import { prepareSigningKey } from './auth/index.ts'
import { RateLimits } from './http/rate-limit.ts'
import { closeHttpServer, createHttpServer, listen } from './http/server.ts'
import { startJobs } from './jobs/index.ts'
import { createMailer } from './mail/index.ts'
import { migrationsCheck } from './migrations-check.ts'

/** The API server on its own: it needs a database, and Redis, where it meets the collaboration servers. */
async function main(): Promise<void> {
  const config = loadConfig()
  const log = createLogger(config.logLevel)
  const url = config.databaseUrl
  if (!url) {
    throw new UserError(
      'DATABASE_URL is not set: only `npm start` brings its own database. Example: DATABASE_URL=postgres://user:password@localhost:5432/mdcreator',
    )
  }
  if (!config.redis) {
    throw new UserError(
      'REDIS_URL is not set: the API and the collaboration server are two processes and meet in Redis. Example: REDIS_URL=redis://localhost:6379; or use `npm start`, which runs both in one',
    )
  }
  const registry = createRegistry()
  surviveRejections(log, registry)
  const { databaseWaitMs: awayMs } = config
  await awaitMigrations({ url, log, awayMs })

  const shutdown = new Shutdown(log)
  const db = createDatabase({ url, role: 'mdcreator_api', size: config.databasePoolSize, log })
  shutdown.add('database', () => db.destroy())
  await prepareSigningKey(db)
  const jobs = startJobs({ db, log })
  shutdown.add('jobs', () => jobs.stop())
  const bus = createBus(config.redis, log)
  shutdown.add('bus', () => bus.close())
  const mailer = createMailer(config, log)
  shutdown.add('mail', () => mailer.close())
  const limits = new RateLimits(config.redis, log)
  shutdown.add('rate limits', () => limits.close())
  const app = createApp({
    ...{ config, log, db, bus, mailer, limits, registry },
    checks: { migrations: migrationsCheck(url), redis: connectionCheck(bus) },
    isStopping: () => shutdown.started,
  })
  const server = createHttpServer(app)
  const port = await listen(server, config)
  shutdown.add('http', () => closeHttpServer(server))
  shutdown.onSignals()
  log.info({ host: config.host, port }, 'the API server is listening')
}

const connectionCheck = (bus: Bus) => async (): Promise<void> => {
  if (!bus.isConnected) throw new Error('Redis cannot be reached')
}

try {
  await main()
} catch (error) {
  exitWithUserError(error)
}
