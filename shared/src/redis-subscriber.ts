import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from './log.ts'

type Node = { host: string; port: number }

/**
 * A connection that hears channels. The list of channels is kept here rather than by ioredis, which forgets those that it
 * could not subscribe to, and whose own renewal of them (6.0) rejects where nobody can catch it.
 */
export class RedisSubscriber extends Redis {
  private readonly wanted = new Set<string>()
  private readonly log: Logger
  private nodes: Node[]

  constructor(
    options: Omit<RedisOptions, 'replyMapping'> & Node,
    { isCluster, log }: { isCluster: boolean; log: Logger },
  ) {
    super({ ...options, autoResubscribe: false, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
    this.log = log
    this.nodes = [{ host: options.host, port: options.port }]
    this.on('ready', () => {
      if (this.wanted.size > 0) void this.send([...this.wanted])
      if (isCluster) void this.learnNodes()
    })
    this.on('reconnecting', () => this.goToNextNode())
  }

  /** Rejects while Redis is away; the subscription is then made as soon as it is back. */
  override subscribe(...channels: unknown[]): Promise<unknown> {
    for (const channel of channels) this.wanted.add(String(channel))
    return this.send(channels.map(String))
  }

  override unsubscribe(...channels: unknown[]): Promise<unknown> {
    for (const channel of channels) this.wanted.delete(String(channel))
    const done = super.unsubscribe(...channels.map(String))
    done.catch(() => {})
    return done
  }

  private send(channels: string[]): Promise<unknown> {
    const done = super.subscribe(...channels)
    done.catch((err: unknown) => {
      if (this.status === 'ready') this.log.error({ err, channels: channels.length }, 'Redis refuses a subscription')
    })
    return done
  }

  /** What is published reaches every node of a cluster, so any of its nodes can take the lost one's place. */
  private async learnNodes(): Promise<void> {
    try {
      const ranges = await this.cluster('SLOTS')
      const { host = '' } = this.options
      // A node that does not know its own name gives none.
      const named = ranges.flatMap(([, , ...nodes]) => nodes.map(([name, port]) => ({ host: name || host, port })))
      const known = [...this.nodes.slice(0, 1), ...named]
      this.nodes = [...new Map(known.map((node) => [`${node.host} ${node.port}`, node])).values()]
    } catch (err) {
      this.log.debug({ err }, 'the nodes of the Redis Cluster are not known')
    }
  }

  private goToNextNode(): void {
    const index = this.nodes.findIndex(({ host, port }) => host === this.options.host && port === this.options.port)
    Object.assign(this.options, this.nodes[(index + 1) % this.nodes.length])
  }
}
