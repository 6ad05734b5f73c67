import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from './embedded/binaries.ts'
import { ensureCluster } from './embedded/cluster.ts'
import { canonicalPath, prepareDataDir } from './embedded/data-dir.ts'
import { explainError, saysLeftovers, saysPortTaken } from './embedded/failure.ts'
import { lockDataDir } from './embedded/lock.ts'
import { stopOrphan } from './embedded/orphan.ts'
import { freePort } from './embedded/ports.ts'
import { chooseRunAs } from './embedded/run-as.ts'
import { launchServer, type Server } from './embedded/server.ts'
import { supervise } from './embedded/supervisor.ts'

export { embeddedDataDir } from './embedded/data-dir.ts'

export type EmbeddedPostgresOptions = {
  /** False gives up crash safety for speed: for tests only. Default true. */
  durable?: boolean
  /** The port on 127.0.0.1. Default: a free one. */
  port?: number
  /** Default 100. */
  maxConnections?: number
  /** Called with one line for each slow step, and when PostgreSQL ended by itself and was started again. */
  onProgress?: (line: string) => void
}

export type EmbeddedPostgres = {
  /** Connects as the superuser to the database `postgres`. Holds the password: never log it. */
  url: string
  /** Shuts PostgreSQL down and gives the data folder up. Takes at most 25 s; may be called more than once. */
  stop(): Promise<void>
  /** Resolves, never rejects: undefined after `stop()`, otherwise why PostgreSQL could not be brought back. */
  exited: Promise<Error | undefined>
}

/** How long processes of a killed PostgreSQL may take to notice. */
const LEFTOVER_PATIENCE_MS = 10_000

/**
 * Runs a private PostgreSQL 18 from npm on 127.0.0.1, with its data in `dataDir`; creates the data at the first start.
 * Heals what a kill left behind, and starts PostgreSQL again when it dies. Beside the folder it keeps
 * `<dataDir>.password` and `<dataDir>.lock`. Connections break at a restart: give every pool an 'error' listener.
 * Throws a `UserError` when the folder is in use, unwritable or full, the port is taken, or the platform has no binaries.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  try {
    return await start(canonicalPath(dataDir), options)
  } catch (error) {
    throw explainError(error, dataDir)
  }
}

async function start(dataDir: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { durable = true, maxConnections = 100, onProgress = () => undefined } = options
  const runAs = chooseRunAs(dataDir)
  prepareDataDir(dataDir, runAs)
  const native = findBinaries(runAs)
  const unlock = lockDataDir(dataDir)
  try {
    await stopOrphan(dataDir)
    const password = await ensureCluster({ native, dataDir, runAs, durable, onProgress })
    const launch = (port: number) => launchServer({ native, dataDir, runAs, durable, maxConnections, port })
    const { server, port } = await firstServer(launch, options.port)
    const supervisor = supervise(server, () => launch(port), onProgress)
    const atExit = () => {
      supervisor.kill(durable ? 'SIGINT' : 'SIGQUIT')
      unlock()
    }
    process.on('exit', atExit)
    const exited = supervisor.exited.finally(() => {
      process.off('exit', atExit)
      unlock()
    })
    let stopped: Promise<void> | undefined
    const stop = () => (stopped ??= supervisor.stop().then(async () => void (await exited)))
    return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop, exited }
  } catch (error) {
    unlock()
    throw error
  }
}

async function firstServer(
  launch: (port: number) => Server,
  wantedPort: number | undefined,
): Promise<{ server: Server; port: number }> {
  const deadline = performance.now() + LEFTOVER_PATIENCE_MS
  for (;;) {
    const port = wantedPort ?? (await freePort())
    const server = launch(port)
    try {
      await server.ready
      return { server, port }
    } catch (error) {
      // Someone may have taken the free port first; processes of a killed PostgreSQL may still be ending.
      const passes = saysLeftovers(error) || (saysPortTaken(error) && wantedPort === undefined)
      if (!passes || performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}
