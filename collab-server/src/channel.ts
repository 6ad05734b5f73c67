import { type Connection, OutgoingMessage } from '@hocuspocus/server'
import { AcceptedEdits } from './accepted.ts'
import { applyAwareness } from './awareness.ts'
import { type CloseCode, closeCodes } from './close-codes.ts'
import { type Frame, resyncMessages } from './frame.ts'
import type { LiveDocument, LiveDocuments } from './live-document.ts'
import type { UpdateLog } from './update-log.ts'
import { isEmpty, validateUpdate } from './update-validator.ts'

/** Refusals in a row after which a client that cannot be brought into step is closed. */
const maxResyncs = 5

/** What a channel needs of its socket. */
export type ChannelSocket = {
  documents: LiveDocuments
  updateLog: UpdateLog
  /** To the client. */
  send(data: Uint8Array): void
  close(code: CloseCode, reason: string): void
  /** A frame could not be stored or understood. */
  failed(error: unknown): void
  /** To Hocuspocus. */
  hand(data: Uint8Array): void
  /** So many bytes more, or fewer, wait. */
  queued(bytes: number): void
}

/** `durable` and `live` are there for edits: the promise of the log row's id, and the document that waits for it. */
type Waiting = { data: Uint8Array; frame: Frame; durable: Promise<number> | null; live: LiveDocument | null }

/**
 * One document on one socket. Edits go to the log when their frame arrives, frames to Hocuspocus in their order, and each
 * only when its edit is durable.
 */
export class Channel {
  private readonly socket: ChannelSocket
  /** Null until Hocuspocus has authenticated and loaded the document; until then everything waits. */
  private connection: Connection | null = null
  /** The Yjs client whose presence this connection may speak for. */
  private clientId: number | null = null
  private queue: Waiting[] = []
  private draining = false
  /** Once closed or failed, nothing reaches Hocuspocus any more; what is durable is applied all the same. */
  private closed = false
  private resyncs = 0

  constructor(socket: ChannelSocket) {
    this.socket = socket
  }

  get isOpen(): boolean {
    return this.connection !== null && !this.closed
  }

  /** Lets through what waited for the document. */
  open(connection: Connection): void {
    this.connection = connection
    for (const { data, frame } of this.forget()) this.receive(data, frame)
  }

  /** Called when the document is closed, refused, or the socket is gone. */
  close(): void {
    this.closed = true
    if (!this.connection) this.forget()
  }

  /** Starts an edit's way to the log and puts its frame in line. */
  receive(data: Uint8Array, frame: Frame): void {
    const edit = this.connection ? this.append(this.connection, frame) : null
    if (edit === 'refused') return
    this.socket.queued(data.byteLength)
    this.queue.push({ data, frame, durable: edit?.durable ?? null, live: edit?.live ?? null })
    if (this.connection && !this.draining) void this.drain(this.connection)
  }

  /** Sends an edit that must be stored to the log; null for every other frame. */
  private append(
    connection: Connection,
    { address, update }: Frame,
  ): { durable: Promise<number>; live: LiveDocument } | null | 'refused' {
    if (!update || isEmpty(update)) return null
    const { documents, updateLog } = this.socket
    const live = documents.of(connection.document)
    if (!live || this.closed) return 'refused'
    const userId: string = connection.context.user.id
    if (connection.readOnly) return this.refuseWrite(connection, update, userId)
    switch (validateUpdate(update, connection.document, live.accepted, userId)) {
      case 'known':
        return null
      case 'new':
        this.resyncs = 0
        live.begun()
        return { live, durable: updateLog.append({ documentId: live.id, data: update, userId, origin: 'client' }) }
      case 'gap':
        return this.resync(connection, address)
      case 'malformed':
        this.socket.close(closeCodes.invalidPayload, 'Malformed edit')
        return 'refused'
      case 'too-large':
        this.socket.close(closeCodes.tooLarge, 'The edit is too large')
        return 'refused'
    }
  }

  private resync(connection: Connection, address: string): 'refused' {
    if (++this.resyncs > maxResyncs) {
      this.socket.close(closeCodes.invalidPayload, 'The edits cannot be brought into step')
    } else {
      for (const message of resyncMessages(address, connection.document)) this.socket.send(message)
    }
    return 'refused'
  }

  /** A reader's edit: only what adds nothing is acknowledged (providers send all they have when they connect). */
  private refuseWrite(connection: Connection, update: Uint8Array, userId: string): 'refused' {
    const known = validateUpdate(update, connection.document, new AcceptedEdits(), userId) === 'known'
    this.socket.send(new OutgoingMessage(connection.messageAddress).writeSyncStatus(known).toUint8Array())
    return 'refused'
  }

  /** Hands on what waits, in order. A failure ends the socket, but not the way of the edits that are durable by then. */
  private async drain(connection: Connection): Promise<void> {
    this.draining = true
    for (let next = this.queue[0]; next; next = this.queue[0]) {
      try {
        this.deliver(connection, next, await next.durable)
      } catch (error) {
        this.closed = true
        next.live?.accepted.settle()
        this.socket.failed(error)
      }
      this.queue.shift()
      this.socket.queued(-next.data.byteLength)
      next.live?.ended()
    }
    this.draining = false
  }

  private deliver(connection: Connection, { data, frame, live }: Waiting, id: number | null): void {
    if (live && id !== null && frame.update) {
      live.logged(id, frame.update.byteLength, connection.context.user.id)
      // Its sender has gone, but it is durable.
      if (this.closed) live.apply(frame.update, connection.context)
    }
    if (this.closed) return
    if (frame.awareness) this.clientId = applyAwareness(connection, frame.awareness, this.clientId)
    else this.socket.hand(data)
  }

  private forget(): Waiting[] {
    const waiting = this.queue
    this.queue = []
    for (const { data } of waiting) this.socket.queued(-data.byteLength)
    return waiting
  }
}
