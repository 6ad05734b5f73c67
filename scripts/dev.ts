// `npm start`: everything in one process on one port, on an embedded PostgreSQL.
import { createServer } from 'node:net'
import path from 'node:path'
import { createApp } from '@mdcreator/api-server/app'
import { prepareSigningKey } from '@mdcreator/api-server/auth/index'
import { RateLimits } from '@mdcreator/api-server/http/rate-limit'
import { closeHttpServer, createHttpServer, listen } from '@mdcreator/api-server/http/server'
import { startJobs } from '@mdcreator/api-server/jobs/index'
import { createMailer } from '@mdcreator/api-server/mail/index'
import { InstanceLock } from '@mdcreator/collab-server/instance-lock'
import { createMetrics } from '@mdcreator/collab-server/metrics'
import { createCollab } from '@mdcreator/collab-server/server'
import { refuse } from '@mdcreator/collab-server/socket/upgrade'
import { createDatabase } from '@mdcreator/db/database'
import { embeddedDataDir, startEmbeddedPostgres } from '@mdcreator/db/embedded'
import { migrate } from '@mdcreator/db/migrate'
import { tokenVerifier } from '@mdcreator/db/token-verifier'
import { buildPlayground } from '@mdcreator/playground/build'
import { createBus } from '@mdcreator/shared/bus/create'
import { type Config, loadConfig } from '@mdcreator/shared/config'
import { createLogger } from '@mdcreator/shared/log'
import { createRegistry } from '@mdcreator/shared/metrics'
import { Shutdown } from '@mdcreator/shared/shutdown'
import { surviveRejections } from '@mdcreator/shared/stray-rejections'
import { exitWithUserError, UserError } from '@mdcreator/shared/user-error'
import { createDemo } from './demo.ts'
import { playgroundHandler } from './serve-playground.ts'

const started = performance.now()
const say = (line: string): void => console.log(line)

try {
  await start()
} catch (error) {
  exitWithUserError(error)
}

async function start(): Promise<void> {
  const config = loadConfig()
  // On a terminal the progress lines are enough; LOG_LEVEL=info shows every request.
  const log = createLogger(process.env['LOG_LEVEL'] ? config.logLevel : 'warn')
  const registry = createRegistry()
  surviveRejections(log, registry)
  await ensurePortIsFree(config)
  const shutdown = new Shutdown(log, 20_000)
  shutdown.onSignals()

  const databaseUrl = config.databaseUrl ?? (await startDatabase(config, shutdown))
  const migrations = await migrate(databaseUrl)
  if (migrations.length > 0) say(`Brought the database up to date (${migrations.join(', ')})`)
  const dist = await buildPlayground(say)

  const db = createDatabase({ url: databaseUrl, role: 'mdcreator_api', size: config.databasePoolSize, log })
  shutdown.add('database connections', () => db.destroy())
  await prepareSigningKey(db)
  const jobs = startJobs({ db, log })
  shutdown.add('jobs', () => jobs.stop())
  const bus = createBus(config.redis, log)
  shutdown.add('bus', () => bus.close())
  const verifier = tokenVerifier({ db, config })
  const lock = new InstanceLock({ url: databaseUrl, isShared: config.redis !== null, log })
  shutdown.add('lock', () => lock.release())
  await lock.acquire()
  const mailer = createMailer(config, log)
  shutdown.add('mail', () => mailer.close())
  const limits = new RateLimits(config.redis, log)
  shutdown.add('rate limits', () => limits.close())
  const collab = createCollab({ config, databaseUrl, log, bus, verifier, metrics: createMetrics(registry) })
  const demo = createDemo({ config, databaseUrl })
  const app = createApp({
    ...{ config, log, db, bus, mailer, limits, registry },
    checks: { collab: collab.ready, lock: () => lock.check(), demo: demo.ready },
    isStopping: () => shutdown.started,
    fallback: playgroundHandler(dist, demo.answer),
  })
  const server = createHttpServer(app)
  server.on('upgrade', (request, socket, head) => {
    if (!collab.handleUpgrade(request, socket, head)) refuse(socket, 404)
  })
  // Sockets hold the HTTP server open, so it is closed around the collab server: first to new connections, at last for good.
  let closed: Promise<void> | undefined
  shutdown.add('http', () => closed)
  shutdown.add('collab', () => collab.stop())
  shutdown.add('new connections', () => {
    closed = closeHttpServer(server)
  })
  const address = `http://localhost:${await listen(server, config)}`
  try {
    await demo.prepare(address)
  } catch (error) {
    // Stopped before it was ready: the demo is made at the next start.
    if (shutdown.started) return
    throw error
  }
  say(`\nMD Creator is ready after ${((performance.now() - started) / 1000).toFixed(1)} s: open ${address}`)
  say(`API pages: ${address}/docs and ${address}/redoc. Stop with Ctrl-C.`)
}

async function startDatabase(config: Config, shutdown: Shutdown): Promise<string> {
  const wanted = path.resolve(config.dataDir, 'postgres')
  // A folder that somebody chose is used or refused; only the default one may move to where PostgreSQL can reach it.
  const dataDir = process.env['DATA_DIR'] ? wanted : embeddedDataDir(wanted, say)
  const postgres = await startEmbeddedPostgres(dataDir, { onProgress: say })
  shutdown.add('PostgreSQL', () => postgres.stop())
  void postgres.exited.then((error) => {
    if (error) exitWithUserError(error)
  })
  return postgres.url
}

/** Before minutes of installing and building, not after. */
async function ensurePortIsFree({ port, host }: Config): Promise<void> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.code})`
      reject(new UserError(`Port ${port} ${why}: choose another, for example PORT=${port + 1} npm start`))
    })
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()))
  })
}
