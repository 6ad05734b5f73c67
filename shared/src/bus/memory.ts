import { type Logger, requestContext } from '../log.ts'
import { type Bus, BusError, type CommandHandler, type Sender } from './bus.ts'
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

type AnyHandler = (payload: unknown, sender: Sender) => Promise<unknown>
type AnyListener = (payload: unknown) => void

/**
 * The bus of a single process. Messages are validated and copied as they would be on a wire, so that nothing works
 * here that would fail over Redis.
 */
export class MemoryBus implements Bus {
  private readonly handlers = new Map<CommandName, AnyHandler[]>()
  private readonly listeners = new Map<EventName, AnyListener[]>()
  private readonly closing = new AbortController()
  private readonly log: Logger

  constructor(log: Logger) {
    this.log = log
  }

  /** Nothing is between the servers of one process. */
  readonly isConnected = true

  onReconnected(): () => void {
    return () => {}
  }

  async close(): Promise<void> {
    this.closing.abort()
    this.handlers.clear()
    this.listeners.clear()
  }

  async request<N extends CommandName>(
    name: N,
    payload: CommandRequest<N>,
    { timeoutMs = 10_000 } = {},
  ): Promise<CommandReply<N>> {
    const handler = this.handlers.get(name)?.[0]
    if (!handler) throw new BusError('unavailable', `Nobody handles ${name}`)
    const sender = { requestId: requestContext.getStore()?.requestId ?? '' }
    const message = structuredClone(commands[name].request.parse(payload))
    const answer = requestContext.run(sender, async () => commands[name].reply.parse(await handler(message, sender)))
    return structuredClone(await this.waitFor(answer, timeoutMs, name)) as CommandReply<N>
  }

  handle<N extends CommandName>(name: N, handler: CommandHandler<N>): () => void {
    return addTo(this.handlers, name, handler as unknown as AnyHandler)
  }

  async publish<N extends EventName>(name: N, payload: EventPayload<N>): Promise<void> {
    const message = events[name].parse(payload)
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        listener(structuredClone(message))
      } catch (err) {
        this.log.error({ err, event: name }, 'a subscriber failed')
      }
    }
  }

  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void {
    return addTo(this.listeners, name, listener as AnyListener)
  }

  private async waitFor<T>(work: Promise<T>, ms: number, name: string): Promise<T> {
    let fail = (_: BusError): void => {}
    const failed = new Promise<never>((_, reject) => {
      fail = reject
    })
    const late = setTimeout(() => fail(new BusError('timeout', `${name} was not answered within ${ms} ms`)), ms)
    const closed = (): void => fail(new BusError('unavailable', 'The bus is closed'))
    this.closing.signal.addEventListener('abort', closed)
    try {
      return await Promise.race([work, failed])
    } catch (error) {
      if (error instanceof BusError) throw error
      throw new BusError('failed', `${name} failed`, { cause: error })
    } finally {
      clearTimeout(late)
      this.closing.signal.removeEventListener('abort', closed)
    }
  }
}
