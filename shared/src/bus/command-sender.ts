import { newId } from '../ids.ts'
import { requestContext } from '../log.ts'
import { BusError } from './bus.ts'
import type { RedisLink } from './redis-link.ts'
import { type CommandMessage, decode, encode, ReplyMessage } from './wire.ts'

/** Milliseconds between two sendings of a command that nobody has claimed, and until it is given up. */
const resendMs = 300
const unclaimedMs = 1_500
/** The same while Redis is away. */
const retryMs = 50
const awayMs = 250
/** Between two questions for the answer to a command that is claimed. */
const askMs = 1_000
/** As long as anybody could still try to claim it. */
export const claimMs = 60_000

export const commandChannel = (name: string): string => `command:${name}`
export const replyChannel = (server: string): string => `reply:${server}`
export const claimKey = (id: string): string => `claim:${id}`

type Pending = {
  name: string
  message: CommandMessage
  startedAt: number
  isClaimed: boolean
  settle: (outcome: { reply: unknown } | BusError) => void
  next?: NodeJS.Timeout
}

/** Sends commands until one server has claimed them, and waits for the answers. */
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
    const message: CommandMessage = { id, sender: this.server, request_id: requestId, again: false, payload }
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => pending.settle(new BusError('timeout', `${name} was not answered within ${timeoutMs} ms`)),
        timeoutMs,
      )
      const pending: Pending = {
        name,
        message,
        startedAt: performance.now(),
        isClaimed: false,
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
    const { name, message, startedAt, isClaimed } = pending
    const { isConnected } = this.link
    const elapsed = performance.now() - startedAt
    if (!isClaimed && elapsed > (isConnected ? unclaimedMs : awayMs)) return void this.giveUp(pending)
    const { payload: _, ...question } = message
    this.link.publish(commandChannel(name), encode(isClaimed ? question : message)).catch(() => {})
    message.again = true
    this.sendAgainIn(pending, isClaimed ? askMs : isConnected ? resendMs : retryMs)
  }

  private sendAgainIn(pending: Pending, ms: number): void {
    clearTimeout(pending.next)
    pending.next = setTimeout(() => this.send(pending), ms)
  }

  /** Claims it itself, so that nobody does what the caller was told is not done. */
  private async giveUp(pending: Pending): Promise<void> {
    const { id } = pending.message
    const wasFree = await this.link.claim(claimKey(id), 'nobody', claimMs).catch(() => true)
    if (!this.pending.has(id)) return
    if (wasFree) pending.settle(new BusError('unavailable', `Nobody handles ${pending.name}`))
    else this.claimed(pending)
  }

  private claimed(pending: Pending): void {
    pending.isClaimed = true
    this.sendAgainIn(pending, askMs)
  }

  private receive(message: ReplyMessage): void {
    const pending = this.pending.get(message.id)
    if (!pending) return
    if (message.state === 'claimed') this.claimed(pending)
    else if (message.state === 'answered') pending.settle({ reply: message.reply })
    else pending.settle(new BusError('failed', `${pending.name} failed`))
  }
}
