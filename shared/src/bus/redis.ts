import { randomBytes } from 'node:crypto'
import type { RedisConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { type Bus, BusError, type CommandHandler } from './bus.ts'
import { CommandReceiver, type Offer } from './command-receiver.ts'
import { CommandSender } from './command-sender.ts'
import { addTo } from './lists.ts'
import {
  type CommandName,
  type CommandReply,
  type CommandRequest,
  commands,
  type EventName,
  type EventPayload,
  events,
} from './messages.ts'
import { RedisLink } from './redis-link.ts'
import { decode, encode } from './wire.ts'

type AnyListener = (payload: unknown) => void

const eventChannel = (name: EventName): string => `event:${name}`

/**
 * The bus of several processes, over Redis pub/sub (also of a Redis Cluster). A command is published to all servers that
 * handle it; those that would do it offer so to its sender, which grants it to one, which answers. Whatever of this is
 * lost is said again under the same id. Nothing is kept in Redis, so that it forgets nothing when it is killed.
 */
export class RedisBus implements Bus {
  private readonly link: RedisLink
  private readonly sender: CommandSender
  private readonly receiver: CommandReceiver
  private readonly listeners = new Map<EventName, AnyListener[]>()
  private readonly log: Logger
  private isClosed = false

  constructor(config: RedisConfig, log: Logger) {
    const server = randomBytes(8).toString('hex')
    this.log = log
    this.link = new RedisLink(config, log)
    this.sender = new CommandSender(this.link, server)
    this.receiver = new CommandReceiver(this.link, server, log)
  }

  get isConnected(): boolean {
    return this.link.isConnected
  }

  onReconnected(listener: () => void): () => void {
    return this.link.onConnected(listener)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.listeners.clear()
    this.receiver.close()
    this.sender.close()
    this.link.close()
  }

  async request<N extends CommandName>(
    name: N,
    payload: CommandRequest<N>,
    { timeoutMs = 10_000 } = {},
  ): Promise<CommandReply<N>> {
    if (this.isClosed) throw new BusError('unavailable', 'The bus is closed')
    const message = commands[name].request.parse(payload)
    const reply = commands[name].reply.safeParse(await this.sender.request(name, message, timeoutMs))
    if (!reply.success) throw new BusError('failed', `${name} was not answered as declared`, { cause: reply.error })
    return reply.data as CommandReply<N>
  }

  handle<N extends CommandName>(
    name: N,
    handler: CommandHandler<N>,
    prefers: (payload: CommandRequest<N>) => boolean = () => true,
  ): () => void {
    return this.receiver.offer(name, { handle: handler, prefers } as unknown as Offer)
  }

  async publish<N extends EventName>(name: N, payload: EventPayload<N>): Promise<void> {
    await this.link.publish(eventChannel(name), encode(events[name].parse(payload)))
  }

  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void {
    const remove = addTo(this.listeners, name, listener as AnyListener)
    if (this.listeners.get(name)?.length === 1) {
      this.link.subscribe(eventChannel(name), (data) => this.tellListeners(name, decode(events[name], data)))
    }
    return () => {
      const wasHeard = this.listeners.has(name)
      remove()
      if (wasHeard && !this.listeners.has(name)) this.link.unsubscribe(eventChannel(name))
    }
  }

  private tellListeners(name: EventName, payload: unknown): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        listener(structuredClone(payload))
      } catch (err) {
        this.log.error({ err, event: name }, 'a subscriber failed')
      }
    }
  }
}
