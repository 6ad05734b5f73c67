import { type Logger, requestContext } from '../log.ts'
import type { Sender } from './bus.ts'
import { commandChannel, replyChannel } from './command-sender.ts'
import { addTo } from './lists.ts'
import { type CommandName, commands } from './messages.ts'
import { Recent } from './recent.ts'
import type { RedisLink } from './redis-link.ts'
import { type CommandCall, type CommandGrant, CommandMessage, decode, encode, type ReplyMessage } from './wire.ts'

/** How long those who are not preferred leave a command to others. */
const deferMs = 40

export type Offer = {
  handle: (payload: unknown, sender: Sender) => Promise<unknown>
  prefers: (payload: unknown) => boolean
}

type Heard = { name: CommandName; call: CommandCall; isOffered: boolean }

/** Offers to do commands, does those that their senders grant to this server, each once, and answers them. */
export class CommandReceiver {
  private readonly link: RedisLink
  private readonly server: string
  private readonly log: Logger
  private readonly offers = new Map<CommandName, Offer[]>()
  /** Those that were not granted to anybody yet. */
  private readonly heard = new Recent<Heard>()
  private readonly begun = new Set<string>()
  /** For a sender that missed them. */
  private readonly replies = new Recent<string>()

  constructor(link: RedisLink, server: string, log: Logger) {
    this.link = link
    this.server = server
    this.log = log
  }

  offer(name: CommandName, offer: Offer): () => void {
    const withdraw = addTo(this.offers, name, offer)
    if (this.offers.get(name)?.length === 1) {
      this.link.subscribe(commandChannel(name), (data) => {
        const message = decode(CommandMessage, data)
        if ('granted_to' in message) this.granted(message)
        else this.called(name, message, data.length)
      })
    }
    // It goes on listening: what it has offered may be granted still.
    return withdraw
  }

  close(): void {
    this.offers.clear()
  }

  private called(name: CommandName, call: CommandCall, bytes: number): void {
    if (!this.offers.has(name)) return
    const { id } = call
    const known = this.heard.get(id)
    // The sender has missed it.
    if (known?.isOffered) this.offerTo(call)
    if (known || this.begun.has(id) || this.replies.get(id) !== undefined) return
    // It is called again, and others hear it too.
    if (!this.heard.hasRoomFor(bytes)) return
    const payload = commands[name].request.parse(call.payload)
    const heard: Heard = { name, call: { ...call, payload }, isOffered: false }
    this.heard.add(id, heard, bytes)
    if (this.choose(name, payload).isPreferred) this.consider(heard)
    else setTimeout(() => this.consider(heard), deferMs)
  }

  private consider(heard: Heard): void {
    const { name, call } = heard
    // Others were quicker.
    if (this.heard.get(call.id) !== heard) return
    heard.isOffered = this.choose(name, call.payload).offer !== undefined
    if (heard.isOffered) this.offerTo(call)
    else this.heard.delete(call.id)
  }

  private offerTo({ id, sender }: CommandCall): void {
    this.tell(sender, encode({ id, state: 'offered', server: this.server } satisfies ReplyMessage))
  }

  private granted({ id, sender, granted_to }: CommandGrant): void {
    const heard = this.heard.get(id)
    this.heard.delete(id)
    if (granted_to !== this.server) return
    const reply = this.replies.get(id)
    if (reply !== undefined) this.tell(sender, reply)
    else if (heard) void this.answer(heard)
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

  private async answer({ name, call: { id, sender, request_id: requestId, payload } }: Heard): Promise<void> {
    this.begun.add(id)
    await requestContext.run({ requestId }, async () => {
      let reply: string
      try {
        const { offer } = this.choose(name, payload)
        const message: ReplyMessage = offer
          ? { id, state: 'answered', reply: commands[name].reply.parse(await offer.handle(payload, { requestId })) }
          : { id, state: 'declined', server: this.server }
        reply = encode(message)
      } catch (err) {
        this.log.error({ err, command: name }, 'a command failed')
        reply = encode({ id, state: 'failed' } satisfies ReplyMessage)
      }
      this.begun.delete(id)
      this.replies.add(id, reply, reply.length)
      this.tell(sender, reply)
    })
  }

  /** Where it does not arrive, the sender asks again. */
  private tell(server: string, message: string): void {
    this.link.publish(replyChannel(server), message).catch(() => {})
  }
}
