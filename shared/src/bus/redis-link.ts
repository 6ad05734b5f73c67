import type { RedisConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { createRedis, isReady, onReady, type RedisClient } from '../redis.ts'
import type { RedisSubscriber } from '../redis-subscriber.ts'

type Receiver = (data: Buffer) => void

/** The bus's two connections, and its channels. Names are given without the prefix. */
export class RedisLink {
  private readonly publisher: RedisClient
  private readonly subscriber: RedisSubscriber
  private readonly prefix: string
  private readonly log: Logger
  private readonly receivers = new Map<string, Receiver>()
  private readonly connectedListeners = new Set<() => void>()
  private unconfirmed = 0
  private isSubscribed = false
  private isAnnounced = false

  constructor(config: RedisConfig, log: Logger) {
    this.prefix = `${config.prefix}bus:`
    this.log = log
    this.publisher = createRedis(config, log, { role: 'publish' })
    this.subscriber = createRedis(config, log, { role: 'subscribe' })
    this.subscriber.on('messageBuffer', (channel: Buffer, data: Buffer) => this.receive(String(channel), data))
    this.subscriber.on('close', () => {
      this.isSubscribed = false
      this.isAnnounced = false
    })
    this.publisher.on('close', () => {
      this.isAnnounced = false
    })
    onReady(this.subscriber, () => {
      this.isSubscribed = true
      this.announce()
    })
    onReady(this.publisher, () => this.announce())
  }

  /** True while what is published reaches others, and nothing of theirs is missed here. */
  get isConnected(): boolean {
    return isReady(this.publisher) && isReady(this.subscriber) && this.isSubscribed && this.unconfirmed === 0
  }

  /** Called each time both connections are there and the subscriptions are in place. Returns a function that ends it. */
  onConnected(listener: () => void): () => void {
    this.connectedListeners.add(listener)
    return () => void this.connectedListeners.delete(listener)
  }

  subscribe(channel: string, receiver: Receiver): void {
    this.receivers.set(channel, receiver)
    this.unconfirmed++
    const confirmed = (): void => void this.unconfirmed--
    // Where it fails, it is made at the next reconnect.
    this.subscriber.subscribe(this.prefix + channel).then(confirmed, confirmed)
  }

  unsubscribe(channel: string): void {
    this.receivers.delete(channel)
    this.subscriber.unsubscribe(this.prefix + channel).catch(() => {})
  }

  /** Rejects while Redis is away. */
  async publish(channel: string, message: string): Promise<void> {
    await this.publisher.publish(this.prefix + channel, message)
  }

  close(): void {
    this.receivers.clear()
    this.connectedListeners.clear()
    this.publisher.disconnect()
    this.subscriber.disconnect()
  }

  private receive(fullChannel: string, data: Buffer): void {
    const channel = fullChannel.slice(this.prefix.length)
    try {
      this.receivers.get(channel)?.(data)
    } catch (err) {
      this.log.debug({ err, channel }, 'a message on the bus cannot be read')
    }
  }

  private announce(): void {
    if (this.isAnnounced || !isReady(this.publisher) || !this.isSubscribed) return
    this.isAnnounced = true
    for (const listener of this.connectedListeners) {
      try {
        listener()
      } catch (err) {
        this.log.error({ err }, 'a listener to the connection failed')
      }
    }
  }
}
