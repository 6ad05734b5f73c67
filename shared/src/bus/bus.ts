import type { CommandName, CommandReply, CommandRequest, EventName, EventPayload } from './messages.ts'

/** The one who sent a message: its request id goes into the receiver's log lines. */
export type Sender = { requestId: string }

/**
 * How the servers talk. In one process it is a function call, over Redis a message; the contract is the same:
 * a command is done by one handler and answered once; an event reaches every subscriber, and none answers.
 */
export interface Bus {
  /**
   * Sends a command and waits for its answer.
   * @throws BusError `unavailable` where no server handles it, `timeout` where the answer did not come in time
   */
  request<N extends CommandName>(
    name: N,
    payload: CommandRequest<N>,
    options?: { timeoutMs?: number },
  ): Promise<CommandReply<N>>
  /**
   * Offers to handle a command. Where several servers do, those for which `prefers` says yes come first. Returns a
   * function that withdraws the offer.
   */
  handle<N extends CommandName>(
    name: N,
    handler: CommandHandler<N>,
    prefers?: (payload: CommandRequest<N>) => boolean,
  ): () => void
  /** Tells every subscriber; resolves once it is handed over, and does not wait for them. */
  publish<N extends EventName>(name: N, payload: EventPayload<N>): Promise<void>
  /** Returns a function that ends the subscription. */
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void
  /** False while the others cannot be reached: events are missed then. */
  readonly isConnected: boolean
  /**
   * Called each time the connection is there (also the first time), with the subscriptions in place, so that what was
   * missed can be looked up. Returns a function that ends it.
   */
  onReconnected(listener: () => void): () => void
  /** Ends subscriptions and connections; requests that wait are rejected. */
  close(): Promise<void>
}

export type CommandHandler<N extends CommandName> = (
  payload: CommandRequest<N>,
  sender: Sender,
) => Promise<CommandReply<N>>

/** A command that was not answered. The sender may try again: commands are idempotent. */
export class BusError extends Error {
  readonly reason: 'unavailable' | 'timeout' | 'failed'
  constructor(reason: BusError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
