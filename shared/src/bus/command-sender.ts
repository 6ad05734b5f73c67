import { newId } from '../ids.ts'
import { requestContext } from '../log.ts'
import { BusError } from './bus.ts'
import type { RedisLink } from './redis-link.ts'
import { type CommandCall, type CommandGrant, decode, encode, ReplyMessage } from './wire.ts'

/** Milliseconds between two calls for a server that does a command, and until it is given up. */
const callAgainMs = 300
const unofferedMs = 1_500
/** The same while Redis is away. */
const retryMs = 50
const awayMs = 250
/** Between two questions for the answer to a command that is granted. */
const askMs = 1_000

export const commandChannel = (name: string): string => `command:${name}`
export const replyChannel = (server: string): string => `reply:${server}`

type Pending = {
  name: string
  call: CommandCall
  startedAt: number
  /** The one server that may do it. Never another, unless that one declines: it may have begun, whatever is heard of it. */
  grantedTo?: string
  settle: (outcome: { reply: unknown } | BusError) => void
  next?: NodeJS.Timeout
}

/** Calls for servers that do its commands, grants each to the first that offers, and waits for the answers. */
export class CommandSender {
  private readonly link: RedisLink
  private readonly server: string
  private readonly pending = new Map<string, Pending>()

  constructor(link: RedisLink, server: string) {
    this.link = link
    this.server = server
    link.subscribe(replyChannel(server), (data) => this.receive(decode(ReplyMessage, data)))
    // An answer may have been missed.
    link.onConnected(() => {
      for (const pending of this.pending.values()) this.send(pending)
    })
  }

  /**
   * Resolves with the answer as it came.
   * @throws BusError
   */
  request(name: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    const id = newId()
    const requestId = (requestContext.getStore()?.requestId ?? '').slice(0, 200)
    const call: CommandCall = { id, sender: this.server, request_id: requestId, payload }
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => pending.settle(new BusError('timeout', `${name} was not answered within ${timeoutMs} ms`)),
        timeoutMs,
      )
      const pending: Pending = {
        name,
        call,
        startedAt: performance.now(),
        settle: (outcome) => {
          clearTimeout(late)
          clearTimeout(pending.next)
          this.pending.delete(id)
          if (outcome instanceof BusError) reject(outcome)
          else resolve(outcome.reply)
        },
      }
      this.pending.set(id, pending)
      try {
        this.send(pending)
      } catch (cause) {
        // Too large; what is sent later is no larger.
        pending.settle(new BusError('failed', `${name} cannot be sent`, { cause }))
      }
    })
  }

  close(): void {
    for (const { settle } of this.pending.values()) settle(new BusError('unavailable', 'The bus is closed'))
  }

  private send(pending: Pending): void {
    const { name, call, startedAt, grantedTo } = pending
    const { isConnected } = this.link
    if (grantedTo === undefined && performance.now() - startedAt > (isConnected ? unofferedMs : awayMs)) {
      // Nobody does it: an offer that comes later is not heard.
      pending.settle(new BusError('unavailable', `Nobody handles ${name}`))
      return
    }
    const message = grantedTo === undefined ? call : grant(call, grantedTo)
    this.link.publish(commandChannel(name), encode(message)).catch(() => {})
    const ms = grantedTo !== undefined ? askMs : isConnected ? callAgainMs : retryMs
    clearTimeout(pending.next)
    pending.next = setTimeout(() => this.send(pending), ms)
  }

  private receive(message: ReplyMessage): void {
    const pending = this.pending.get(message.id)
    if (!pending) return
    if (message.state === 'offered') this.offered(pending, message.server)
    else if (message.state === 'declined') this.declined(pending, message.server)
    else if (message.state === 'answered') pending.settle({ reply: message.reply })
    else pending.settle(new BusError('failed', `${pending.name} failed`))
  }

  private offered(pending: Pending, server: string): void {
    pending.grantedTo ??= server
    // Who offers again has missed that.
    if (pending.grantedTo === server) this.send(pending)
  }

  private declined(pending: Pending, server: string): void {
    if (pending.grantedTo !== server) return
    delete pending.grantedTo
    this.send(pending)
  }
}

const grant = ({ id, sender }: CommandCall, grantedTo: string): CommandGrant => ({ id, sender, granted_to: grantedTo })
