import { encodeMail, type PeerMessage } from './peer-messages.ts'

/** At least so many milliseconds lie between two messages to the same server: each costs both of them a system call. */
const pauseMs = 20
/** So many bytes of edits do not wait for more. */
const maxBytes = 1024 * 1024

/**
 * Collects what other servers are to be told, of all documents: what comes after a pause goes at once, and what follows goes
 * together, some milliseconds later.
 */
export class Outbox {
  private readonly serverId: string
  private readonly send: (server: string, mail: Uint8Array) => void
  private mails = new Map<string, Map<string, PeerMessage[]>>()
  private bytes = 0
  private sentAt = Number.NEGATIVE_INFINITY
  private timer: NodeJS.Timeout | undefined

  constructor(serverId: string, send: (server: string, mail: Uint8Array) => void) {
    this.serverId = serverId
    this.send = send
  }

  add(servers: Iterable<string>, documentId: string, message: PeerMessage): void {
    for (const server of servers) {
      const mail = this.mails.get(server) ?? new Map<string, PeerMessage[]>()
      const messages = mail.get(documentId)
      if (messages) messages.push(message)
      else this.mails.set(server, mail.set(documentId, [message]))
      this.bytes += message.type === 'row' ? message.data.byteLength : 0
    }
    if (this.mails.size === 0) return
    if (this.bytes > maxBytes) this.flush()
    else this.timer ??= setTimeout(() => this.flush(), Math.max(0, this.sentAt + pauseMs - performance.now()))
  }

  /** Sends what was collected so far, now. */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { mails } = this
    if (mails.size === 0) return
    this.mails = new Map()
    this.bytes = 0
    this.sentAt = performance.now()
    for (const [server, mail] of mails) this.send(server, encodeMail(this.serverId, mail))
  }
}
