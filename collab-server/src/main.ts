import { createServer } from 'node:http'
import { createDatabase } from '@mdcreator/db/database'
import { localTokenVerifier } from '@mdcreator/db/signing-keys'
import { MemoryBus } from '@mdcreator/shared/bus/memory'
import { loadConfig } from '@mdcreator/shared/config'
import { createLogger } from '@mdcreator/shared/log'
import { Shutdown } from '@mdcreator/shared/shutdown'
import { exitWithUserError, UserError } from '@mdcreator/shared/user-error'
import { createCollab } from './server.ts'
import { refuse } from './upgrade.ts'

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
  const log = createLogger(config.logLevel)
  process.on('unhandledRejection', (err) => log.error({ err }, 'an unhandled rejection'))
  const db = createDatabase({ url: databaseUrl, role: 'mdcreator_collab', size: 2, log })
  const verifier = localTokenVerifier(db, config.issuer)
  const collab = createCollab({ config, databaseUrl, log, bus: new MemoryBus(log), verifier })
  const server = createServer((request, response) => {
    void answer(collab.ready, request.url, (status) => response.writeHead(status).end())
  })
  server.on('upgrade', (request, socket, head) => {
    if (!collab.handleUpgrade(request, socket, head)) refuse(socket, 404)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    exitWithUserError(
      new UserError(`Cannot listen on port ${config.collabPort} (${error.code}): choose another COLLAB_PORT`),
    )
  })
  server.listen({ port: config.collabPort, host: config.host, backlog: 4096 }, () => {
    log.info({ port: config.collabPort }, 'the collab server is ready')
  })

  const shutdown = new Shutdown(log)
  shutdown.add('database', () => db.destroy())
  shutdown.add('collab', () => collab.stop())
  shutdown.add('http', () => {
    server.close()
    server.closeAllConnections()
  })
  shutdown.onSignals()
}

async function answer(
  ready: () => Promise<void>,
  url: string | undefined,
  status: (code: number) => void,
): Promise<void> {
  if (url === '/healthz') return status(204)
  if (url !== '/readyz') return status(404)
  await ready().then(
    () => status(204),
    () => status(503),
  )
}
