import { setTimeout as delay } from 'node:timers/promises'
import { type Logger, requestContext } from '../log.ts'
import type { Sender } from './bus.ts'
import { claimKey, claimMs, commandChannel, replyChannel } from './command-sender.ts'
import { KeptReplies } from './kept-replies.ts'
import { addTo } from './lists.ts'
import { type CommandName, commands } from './messages.ts'
import type { RedisLink } from './redis-link.ts'
import { CommandMessage, decode, encode, type ReplyMessage } from './wire.ts'

/** How long those who are not preferred leave a command to others. */
const deferMs = 40

export type Offer = {
  handle: (payload: unknown, sender: Sender) => Promise<unknown>
  prefers: (payload: unknown) => boolean
}

/** Claims commands, so that each is handled once on one server, and answers them. */
export class CommandReceiver {
  private readonly link: RedisLink
  private readonly server: string
  private readonly log: Logger
  private readonly offers = new Map<CommandName, Offer[]>()
  private readonly kept = new KeptReplies()
  /** Those that wait for their turn to be claimed. */
  private readonly considered = new Set<string>()

  constructor(link: RedisLink, server: string, log: Logger) {
    this.link = link
    this.server = server
    this.log = log
  }

  offer(name: CommandName, offer: Offer): () => void {
    const withdraw = addTo(this.offers, name, offer)
    if (this.offers.get(name)?.length === 1) {
      this.link.subscribe(commandChannel(name), (data) => this.receive(name, decode(CommandMessage, data)))
    }
    return () => {
      const wasOffered = this.offers.has(name)
      withdraw()
      if (wasOffered && !this.offers.has(name)) this.link.unsubscribe(commandChannel(name))
    }
  }

  close(): void {
    this.offers.clear()
  }

  private receive(name: CommandName, message: CommandMessage): void {
    const { id, payload } = message
    const reply = this.kept.get(id)
    if (reply !== undefined) this.repeat(message, reply)
    if (reply !== undefined || payload === undefined || this.considered.has(id)) return
    const parsed = commands[name].request.parse(payload)
    this.considered.add(id)
    this.consider(name, { ...message, payload: parsed })
      .catch((err: unknown) => this.log.warn({ err, command: name, id }, 'a command could not be claimed'))
      .finally(() => this.considered.delete(id))
  }

  /** Its sender has missed what was said. */
  private repeat({ id, sender, payload }: CommandMessage, reply: string | null): void {
    // It does not know of the claim: Redis may have lost that as well, and others hear the command too.
    if (payload !== undefined) this.link.renewClaim(claimKey(id), this.server, claimMs).catch(() => {})
    this.tell(sender, reply ?? encode({ id, state: 'claimed' } satisfies ReplyMessage))
  }

  private async consider(name: CommandName, message: CommandMessage): Promise<void> {
    const { id, payload, again } = message
    // One that was sent before may have been claimed: its claimer comes first.
    if (again || !this.choose(name, payload).isPreferred) await delay(deferMs)
    if (!this.choose(name, payload).offer) return
    const isOurs = await this.link.claim(claimKey(id), this.server, claimMs)
    // The first time, the answer to our claim may have been lost.
    if (!isOurs && !(again && (await this.link.isClaimedBy(claimKey(id), this.server)))) return
    this.kept.begin(id)
    this.tell(message.sender, encode({ id, state: 'claimed' } satisfies ReplyMessage))
    // Not awaited: the claim is made, and the next may come.
    void this.answer(name, message)
  }

  private choose(name: CommandName, payload: unknown): { offer: Offer | undefined; isPreferred: boolean } {
    const offers = this.offers.get(name) ?? []
    const preferred = offers.find(({ prefers }) => {
      try {
        return prefers(payload)
      } catch (err) {
        this.log.error({ err, command: name }, 'whether a command is preferred cannot be said')
        return false
      }
    })
    return { offer: preferred ?? offers[0], isPreferred: preferred !== undefined }
  }

  private async answer(name: CommandName, { id, sender, request_id: requestId, payload }: CommandMessage) {
    await requestContext.run({ requestId }, async () => {
      let reply: string
      try {
        const { offer } = this.choose(name, payload)
        if (!offer) throw new Error('The handler has left')
        const answer = commands[name].reply.parse(await offer.handle(payload, { requestId }))
        reply = encode({ id, state: 'answered', reply: answer } satisfies ReplyMessage)
      } catch (err) {
        this.log.error({ err, command: name }, 'a command failed')
        reply = encode({ id, state: 'failed' } satisfies ReplyMessage)
      }
      this.kept.finish(id, reply)
      this.tell(sender, reply)
    })
  }

  /** Where it does not arrive, the sender asks again. */
  private tell(server: string, message: string): void {
    this.link.publish(replyChannel(server), message).catch(() => {})
  }
}
