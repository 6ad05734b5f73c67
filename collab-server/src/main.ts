import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDatabase } from '@mdcreator/db/database'
import { awaitMigrations } from '@mdcreator/db/migrate'
import { tokenVerifier } from '@mdcreator/db/token-verifier'
import { createBus } from '@mdcreator/shared/bus/create'
import { loadConfig } from '@mdcreator/shared/config'
import { explainListenError } from '@mdcreator/shared/listen-error'
import { createLogger } from '@mdcreator/shared/log'
import { createRegistry } from '@mdcreator/shared/metrics'
import { Shutdown } from '@mdcreator/shared/shutdown'
import { surviveRejections } from '@mdcreator/shared/stray-rejections'
import { exitWithUserError, UserError } from '@mdcreator/shared/user-error'
import { InstanceLock } from './instance-lock.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { rehearse } from './rehearsal/rehearsal.ts'
import { createCollab } from './server.ts'
import { refuse, serverOptions } from './socket/upgrade.ts'

// The collab server by itself, on COLLAB_PORT, beside an API server on the same database.
try {
  await main()
} catch (error) {
  exitWithUserError(error)
}

async function main(): Promise<void> {
  const config = loadConfig()
  const databaseUrl = config.databaseUrl
  if (!databaseUrl) throw new UserError('DATABASE_URL is not set: only `npm start` brings its own database')
  if (!config.redis) {
    throw new UserError(
      'REDIS_URL is not set: the API and the collaboration server are two processes and meet in Redis. Example: REDIS_URL=redis://localhost:6379. `npm start` runs both in one process, without Redis',
    )
  }
  const log = createLogger(config.logLevel)
  const metrics = createMetrics(createRegistry())
  surviveRejections(log, metrics.registry)
  const { databaseWaitMs: awayMs } = config
  await awaitMigrations({ url: databaseUrl, log, awayMs })
  const shutdown = new Shutdown(log)
  shutdown.onSignals()
  const db = createDatabase({ url: databaseUrl, role: 'mdcreator_collab', size: 2, log })
  shutdown.add('database', () => db.destroy())
  const bus = createBus(config.redis, log)
  shutdown.add('bus', () => bus.close())
  const lock = new InstanceLock({ url: databaseUrl, isShared: true, log, awayMs })
  shutdown.add('lock', () => lock.release())
  await lock.acquire()
  const verifier = tokenVerifier({ db, config })
  const collab = createCollab({ config, databaseUrl, log, bus, verifier, metrics })
  let isRehearsed = false
  const someoneIsHere = new AbortController()
  const ready = async (): Promise<void> => {
    if (!isRehearsed) throw new Error('The rehearsal has not ended')
    await Promise.all([collab.ready(), lock.check()])
  }
  const server = createServer(serverOptions, answer({ metrics, ready }))
  // The rehearsal is for the time before.
  server.once('upgrade', () => someoneIsHere.abort())
  server.on('upgrade', (request, socket, head) => {
    if (!collab.handleUpgrade(request, socket, head)) refuse(socket, 404)
  })
  shutdown.add('http', () => {
    server.close()
    server.closeAllConnections()
  })
  shutdown.add('collab', () => collab.stop())
  server.on('error', (error: NodeJS.ErrnoException) => {
    exitWithUserError(
      explainListenError(error, { host: config.host, port: config.collabPort, variable: 'COLLAB_PORT' }),
    )
  })
  server.listen({ port: config.collabPort, host: config.host, backlog: 4096 }, async () => {
    const { port } = server.address() as AddressInfo
    // An issuer that is away must not delay the start.
    void verifier.prepare()
    if (config.collabRehearsal) {
      const visits = await rehearse({ log, signal: someoneIsHere.signal })
      log.info({ visits }, 'rehearsed')
    }
    isRehearsed = true
    log.info({ host: config.host, port }, 'the collab server is ready')
  })
}

/** `/healthz`, `/readyz` and `/metrics`. */
function answer({ metrics, ready }: { metrics: Metrics; ready: () => Promise<unknown> }): RequestListener {
  const { registry } = metrics
  return async (request, response) => {
    switch (request.url) {
      case '/healthz':
        return void response.writeHead(204).end()
      case '/readyz':
        return ready().then(
          () => void response.writeHead(204).end(),
          () => void response.writeHead(503).end(),
        )
      case '/metrics': {
        const text = await registry.metrics()
        return void response.writeHead(200, { 'content-type': registry.contentType }).end(text)
      }
      default:
        return void response.writeHead(404).end()
    }
  }
}
