import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Extension, Hocuspocus } from '@hocuspocus/server'
import type { createPool } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { clientNetworks } from '@mdcreator/shared/client-address'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import { createPresenceStore } from '@mdcreator/shared/presence/create'
import { TaskWorker } from '@mdcreator/shared/task-worker'
import type { TokenVerifier } from '@mdcreator/shared/tokens'
import { authentication, refuseCrowd } from './access/authenticate.ts'
import { Connections, type OpenConnection } from './access/connections.ts'
import { Revocation } from './access/revocation.ts'
import { Rights } from './access/rights.ts'
import { CatchUp } from './cluster/catch-up.ts'
import { Cluster } from './cluster/cluster.ts'
import { handleCommands } from './commands.ts'
import type { Context } from './context.ts'
import { Checkpoints } from './document/checkpoints.ts'
import type { DocumentWorker } from './document/document-tasks.ts'
import { type LiveDocument, LiveDocuments } from './document/live-document.ts'
import { Projector } from './document/projection.ts'
import { guarded } from './guard.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { persistence } from './persistence.ts'
import { LastSeen } from './presence/last-seen.ts'
import { Presence } from './presence/presence.ts'
import type { Services } from './services.ts'
import { Admission } from './socket/admission.ts'
import { ClientSocket, defaultPolicy, type SocketPolicy } from './socket/client-socket.ts'
import { Upgrades } from './socket/upgrade.ts'
import { stopInOrder } from './stop.ts'
import { LogReader } from './update-log/log-reader.ts'
import { Storage } from './update-log/storage.ts'
import { UpdateLog } from './update-log/update-log.ts'
import { Inspector } from './validation/inspection.ts'
import { closeCodes } from './wire/close-codes.ts'

export type CollabDependencies = {
  config: Pick<Config, 'publicUrl' | 'corsOrigins' | 'databasePoolSize' | 'trustedProxies' | 'collab' | 'redis'>
  databaseUrl: string
  log: Logger
  bus: Bus
  verifier: TokenVerifier
  metrics?: Metrics
  policy?: Partial<SocketPolicy>
  /** Where the rows are, if not in that database. */
  createPool?: typeof createPool
}

export type Collab = {
  readonly hocuspocus: Hocuspocus<Context>
  /** Edits that have arrived and are not stored yet. */
  readonly unstored: number
  /** False while other servers cannot be reached through Redis: edits then come from them by way of the database. */
  readonly isConnected: boolean
  /** Takes an upgrade for one of our paths; returns false, and leaves the socket alone, for every other. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Rejects where the database cannot be reached, or the server is stopping. Without Redis it can serve. */
  ready(): Promise<void>
  /**
   * Closes the sockets (1012), waits until every edit that arrived is stored, and frees everything; in less than 10 s.
   * @throws Error where edits could not be stored, with their number
   */
  stop(): Promise<void>
}

/** ws pings find dead peers; Hocuspocus's own timeout would also end clients that only read. */
const neverMs = 24 * 60 * 60 * 1000

/** How often a server without others looks for what it stored and gave up without hearing that it was committed. */
const aloneCatchUpMs = 2_000

/** What Hocuspocus is told of every request. */
const blankRequest = new Request('http://localhost/collab')

/**
 * Assembles the collab server. It listens nowhere itself: its owner passes the upgrades of an HTTP server, and holds the
 * InstanceLock.
 */
export function createCollab(deps: CollabDependencies): Collab {
  const { bus, config, log, verifier, databaseUrl: url, metrics = createMetrics() } = deps
  const { redis, collab: limits } = config
  const storage = new Storage({ url, poolSize: config.databasePoolSize, log, createPool: deps.createPool })
  const updateLog = new UpdateLog({
    commit: (entries) => storage.append(entries),
    mayWait: ({ documentId }) => cluster?.isShared(documentId) ?? false,
    ...{ log, metrics },
  })
  const documents = new LiveDocuments()
  const connections = new Connections()
  const rights = new Rights(storage.pool)
  const reader = new LogReader(storage.pool)
  const projector = new Projector(storage, log, {
    isOurs: (live) => cluster?.projects(live) ?? true,
    tell: (live, clock) => cluster?.publishProjected(live, clock),
  })
  const worker: DocumentWorker = new TaskWorker(new URL('./document/document-tasks.ts', import.meta.url))
  const checkpoints = new Checkpoints(storage, (document) => worker.run('fold', document), documents, log, metrics)
  const onGone = ({ document }: LiveDocument): void => {
    for (const connection of document.getConnections() as OpenConnection[]) {
      connection.context.socket.closeDocument(connection, closeCodes.notFound, 'not-found')
    }
  }
  const following = { documents, reader, storage, log, metrics, onGone }
  const cluster = redis && new Cluster({ ...following, redis, projector })
  const follower =
    cluster ??
    new CatchUp({
      ...following,
      isConnected: () => true,
      everyMs: () => aloneCatchUpMs,
    })
  const revocation = new Revocation({ connections, rights, verifier, bus, log })
  const presence = new Presence(createPresenceStore(redis, log), new LastSeen(storage.pool, log))
  const inspector = new Inspector()
  const services: Services = { documents, connections, updateLog, inspector, cluster, presence, limits, metrics, log }
  const hocuspocus = new Hocuspocus<Context>({
    quiet: true,
    timeout: neverMs,
    maxPendingDocuments: limits.documentsPerSocket,
    extensions: [
      authentication({ verifier, rights, announcements: revocation.announcements, connections, limits }),
      persistence({
        ...{ storage, worker, documents, projector, checkpoints, cluster, log },
        maxDocumentBytes: limits.maxDocumentBytes,
      }),
      {
        async connected({ connection, context }) {
          // It could not be loaded, or Hocuspocus hands out one that is unloaded in the same moment.
          if (connection.document.isDestroyed) {
            context.socket.closeDocument(connection, closeCodes.tryAgainLater, 'try-again-later')
            return
          }
          refuseCrowd({ connections, limits }, connection)
          connections.add(connection, () => {
            revocation.closed(connection)
            presence.left(connection)
          })
          presence.joined(connection)
          context.socket.opened(connection)
          revocation.opened(connection)
        },
        async beforeBroadcastStateless({ documentName, payload }) {
          cluster?.publishStateless(documentName, payload)
        },
      } satisfies Extension<Context>,
    ].map((extension) => guarded(log, extension)),
  })
  const upgrades = new Upgrades({
    allowedOrigins: config.publicUrl ? [...config.corsOrigins, new URL(config.publicUrl).origin] : config.corsOrigins,
    maxFrameBytes: limits.maxFrameBytes,
    admission: new Admission(limits),
    networkOf: clientNetworks(config.trustedProxies),
    metrics,
    log,
    onSocket(transport) {
      const socket = new ClientSocket(transport, services, {
        policy: { ...defaultPolicy, ...deps.policy },
        hooks: {
          authenticated: () => transport.signedIn(),
          signInFailed: () => transport.signInFailed(),
          renew: (connection, token) => void revocation.renew(connection, token),
        },
      })
      // No part of the real request is handed on: nothing of it is needed, and its headers may be hostile.
      socket.attach(hocuspocus.handleConnection(socket, blankRequest, { socket } as unknown as Context))
    },
  })
  const stopCommands = handleCommands({
    ...{ hocuspocus, storage, worker, documents, projector, cluster, presence, bus, metrics, log },
  })
  metrics.read({
    connections: () => connections.size,
    documents: () => hocuspocus.getDocumentsCount(),
    tailRows: () => [...documents].reduce((sum, { position }) => sum + position.rows, 0),
    unstored: () => updateLog.unstored,
    peers: () => Number(cluster?.isConnected ?? false),
  })
  checkpoints.start()
  follower.start()
  revocation.start()
  presence.start()
  void warnOfVolatileCommits(storage, log)

  let isStopping = false
  return {
    hocuspocus,
    get unstored() {
      return updateLog.unstored
    },
    get isConnected() {
      return cluster?.isConnected ?? true
    },
    handleUpgrade: (request, socket, head) => upgrades.handle(request, socket, head),
    ready: async () => {
      if (isStopping) throw new Error('The server is stopping')
      await storage.commitsAreDurable()
    },
    async stop() {
      isStopping = true
      await stopInOrder({
        commands: stopCommands(),
        ...{
          upgrades,
          updateLog,
          hocuspocus,
          documents,
          projector,
          checkpoints,
          revocation,
          presence,
          follower,
          worker,
          inspector,
          storage,
        },
        log,
      })
    },
  }
}

async function warnOfVolatileCommits(storage: Storage, log: Logger): Promise<void> {
  const durable = await storage.commitsAreDurable().catch(() => true)
  if (!durable) log.warn('synchronous_commit is off: a crash of the database can lose acknowledged edits')
}
