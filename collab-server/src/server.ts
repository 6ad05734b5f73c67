import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Hocuspocus } from '@hocuspocus/server'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import { TaskWorker } from '@mdcreator/shared/task-worker'
import type { TokenVerifier } from '@mdcreator/shared/tokens'
import { authentication } from './authenticate.ts'
import { Checkpoints } from './checkpoints.ts'
import { ClientSocket, defaultSocketLimits, type SocketLimits } from './client-socket.ts'
import { closeCodes } from './close-codes.ts'
import { handleCommands } from './commands.ts'
import type { Context } from './context.ts'
import type { DocumentWorker } from './document-tasks.ts'
import { guarded } from './guard.ts'
import { LiveDocuments } from './live-document.ts'
import { persistence } from './persistence.ts'
import { Projector } from './projection.ts'
import { Storage } from './storage.ts'
import { UpdateLog } from './update-log.ts'
import { Upgrades } from './upgrade.ts'

export type CollabDependencies = {
  config: Pick<Config, 'publicUrl' | 'corsOrigins' | 'databasePoolSize' | 'trustedProxies' | 'collab'>
  databaseUrl: string
  log: Logger
  bus: Bus
  verifier: TokenVerifier
  limits?: Partial<SocketLimits>
}

export type Collab = {
  /** Takes an upgrade for `/collab`; returns false, and leaves the socket alone, for every other path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Rejects where the database cannot be reached. */
  ready(): Promise<void>
  /** Closes the sockets (1012), waits until every edit that arrived is stored, and frees everything. */
  stop(): Promise<void>
}

const maxFrameBytes = 4 * 1024 * 1024
/** How long the log may take to store what has arrived before a stop goes on. */
const drainMs = 3_000
/** ws pings find dead peers; Hocuspocus's own timeout would also end clients that only read. */
const neverMs = 24 * 60 * 60 * 1000

/** Assembles the collab server. It listens nowhere itself: its owner passes the upgrades of an HTTP server. */
export function createCollab(deps: CollabDependencies): Collab {
  const { bus, config, log, verifier } = deps
  const limits = { ...defaultSocketLimits, ...deps.limits }
  const storage = new Storage({ url: deps.databaseUrl, poolSize: config.databasePoolSize, log })
  const updateLog = new UpdateLog({ commit: (entries) => storage.append(entries), log })
  const documents = new LiveDocuments()
  const projector = new Projector(storage, log)
  const worker: DocumentWorker = new TaskWorker(new URL('./document-tasks.ts', import.meta.url))
  const checkpoints = new Checkpoints(storage, (document) => worker.run('fold', document), log)
  const extensions = [
    authentication({ verifier, storage }),
    persistence({ storage, worker, documents, projector, checkpoints, log }),
  ]
  const hocuspocus = new Hocuspocus<Context>({
    quiet: true,
    timeout: neverMs,
    extensions: extensions.map((extension) => guarded(log, extension)),
  })
  const upgrades = new Upgrades({
    path: '/collab',
    allowedOrigins: config.publicUrl ? [...config.corsOrigins, new URL(config.publicUrl).origin] : config.corsOrigins,
    maxFrameBytes,
    log,
    onSocket(ws) {
      const socket = new ClientSocket(ws, { documents, updateLog, log, limits })
      // No part of the real request is handed on: nothing of it is needed, and its headers may be hostile.
      socket.attach(
        hocuspocus.handleConnection(socket, new Request('http://localhost/collab'), { socket } as unknown as Context),
      )
    },
  })
  const stopCommands = handleCommands({ hocuspocus, storage, worker, documents, projector, bus, log })
  checkpoints.start()
  void warnOfVolatileCommits(storage, log)

  return {
    handleUpgrade: (request, socket, head) => upgrades.handle(request, socket, head),
    ready: async () => {
      await storage.commitsAreDurable()
    },
    async stop() {
      stopCommands()
      upgrades.refuseNew()
      // What has arrived is stored and acknowledged before its sender is cut off.
      await within(updateLog.drained(), drainMs)
      await upgrades.close(closeCodes.restarting, 'The server is restarting')
      await within(updateLog.drained(), drainMs)
      await Promise.allSettled(hocuspocus.unloadingDocuments.values())
      const projections = await Promise.allSettled([...documents].map((live) => projector.flush(live)))
      const failed = projections.filter(({ status }) => status === 'rejected').length
      if (failed > 0) log.warn({ documents: failed }, 'stopped without a projection; the log has the edits')
      await checkpoints.stop()
      await worker.close()
      await storage.close()
    },
  }
}

/** Waits for something, but not for ever. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  await Promise.race([work, delay(ms, undefined, { ref: false })])
}

async function warnOfVolatileCommits(storage: Storage, log: Logger): Promise<void> {
  const durable = await storage.commitsAreDurable().catch(() => true)
  if (!durable) log.warn('synchronous_commit is off: a crash of the database can lose acknowledged edits')
}
