import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisConfig } from './config.ts'
import type { Logger } from './log.ts'
import { RedisSubscriber } from './redis-subscriber.ts'

export type RedisClient = Redis | Cluster

/** Every connection asks for a sign of life this often, and is given up when nothing came for `silenceMs`. */
const pingMs = 1_000
const silenceMs = 1_500
const retryDelay = (attempt: number): number => Math.min(500, attempt * 50)

/**
 * Connects to Redis, and again for ever when the connection is lost, which is logged once, as is its return. A Redis that
 * vanished without a word is noticed within 3 s. Errors are never thrown at the process.
 *
 * For the role `publish`: a command fails at once while Redis is away, and without an answer after 2 s or
 * `commandTimeoutMs`; nothing is queued.
 *
 * For the role `subscribe`: a subscription is remembered, whatever becomes of its promise, and made again after every
 * reconnect until it is unsubscribed. In a Redis Cluster any node will do, and another one is tried when it is lost.
 */
export function createRedis(config: RedisConfig, log: Logger, options: { role: 'subscribe' }): RedisSubscriber
export function createRedis(
  config: RedisConfig,
  log: Logger,
  options: { role: 'publish' | 'subscribe'; commandTimeoutMs?: number },
): RedisClient
export function createRedis(
  config: RedisConfig,
  log: Logger,
  { role, commandTimeoutMs: commandTimeout = 2_000 }: { role: 'publish' | 'subscribe'; commandTimeoutMs?: number },
): RedisClient {
  const { db, ...node } = nodeOptions(config.url)
  let client: RedisClient
  if (role === 'subscribe') {
    const options = { ...node, db: config.cluster ? 0 : db, retryStrategy: retryDelay }
    client = new RedisSubscriber(options, { isCluster: config.cluster, log })
  } else if (config.cluster) client = createCluster({ ...node, commandTimeout })
  else {
    const options = {
      db,
      commandTimeout,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      retryStrategy: retryDelay,
    }
    client = new Redis({ ...node, ...publishing, ...options })
  }
  logOutages(client, log)
  pingRegularly(client)
  return client
}

/** True while commands can be sent. */
export const isReady = (client: RedisClient): boolean => client.status === 'ready'

/**
 * Calls back each time the connection is there, the first time included; for a subscriber once its subscriptions are in
 * place. Returns a function that ends it.
 */
export function onReady(client: RedisClient, listener: () => void): () => void {
  // Redis answers in order: after the subscriptions, which were sent first.
  const confirm = (): void => void client.ping().then(listener, () => {})
  client.on('ready', confirm)
  if (isReady(client)) confirm()
  return () => void client.off('ready', confirm)
}

const publishing = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
} satisfies RedisOptions

function nodeOptions(href: string) {
  const url = new URL(href)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
    connectTimeout: 2_000,
    socketTimeout: silenceMs,
    disconnectTimeout: 200,
    disableClientInfo: true,
  } satisfies RedisOptions
}

function createCluster({
  host,
  port,
  ...node
}: Omit<ReturnType<typeof nodeOptions>, 'db'> & { commandTimeout: number }): Cluster {
  return new Cluster([{ host, port }], {
    redisOptions: { ...node, ...publishing },
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: 2_000,
    retryDelayOnFailover: 50,
    maxRedirections: 5,
    // A certificate holds the node's name, not its address.
    ...('tls' in node && { dnsLookup: (address, callback) => callback(null, address) }),
  })
}

/** The clients of a process that are away, by its log: it says once what is true of all of them. */
const away = new WeakMap<Logger, Set<RedisClient>>()

function logOutages(client: RedisClient, log: Logger): void {
  const clients = away.get(log) ?? new Set()
  away.set(log, clients)
  let err: unknown
  client.on('error', (error: unknown) => {
    err = error
  })
  client.on('reconnecting', () => {
    if (clients.size === 0) log.warn({ err }, 'Redis is away')
    clients.add(client)
  })
  client.on('ready', () => {
    if (clients.delete(client) && clients.size === 0) log.info('Redis is back')
  })
  client.on('end', () => clients.delete(client))
}

function pingRegularly(client: RedisClient): void {
  const timer = setInterval(() => {
    const nodes = client instanceof Cluster ? client.nodes() : [client]
    // Who does not answer is disconnected by `socketTimeout`.
    for (const node of nodes) if (isReady(node)) node.ping().catch(() => {})
  }, pingMs)
  timer.unref()
  client.on('end', () => clearInterval(timer))
}
