import { type Connection, type Hocuspocus, OutgoingMessage } from '@hocuspocus/server'
import { isId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { WebSocket } from 'ws'
import { AcceptedEdits } from './accepted.ts'
import { applyAwareness } from './awareness.ts'
import { type CloseCode, closeCodes } from './close-codes.ts'
import type { SocketControl } from './context.ts'
import { documentNameOf, type Frame, MessageType, readFrame, resyncMessages } from './frame.ts'
import type { LiveDocument, LiveDocuments } from './live-document.ts'
import { AppendError, type UpdateLog } from './update-log.ts'
import { isEmpty, validateUpdate } from './update-validator.ts'

export type SocketLimits = {
  /** How long a socket may take to authenticate, in milliseconds. */
  authenticationMs: number
  /** Bytes that wait for their commit (or, before it is authenticated, for that) until we stop reading the socket. */
  pausedAtBytes: number
  pausedUnauthenticatedAtBytes: number
  /** Bytes for documents that are not open until the socket is closed. */
  droppedBytes: number
  /** Bytes that wait for a slow reader until the socket is ended. */
  slowReaderBytes: number
}

export const defaultSocketLimits: SocketLimits = {
  authenticationMs: 10_000,
  pausedAtBytes: 4 * 1024 * 1024,
  pausedUnauthenticatedAtBytes: 64 * 1024,
  droppedBytes: 4 * 1024 * 1024,
  slowReaderBytes: 64 * 1024 * 1024,
}

/** Documents on one socket. */
const maxDocuments = 100
/** Refusals in a row after which a client that cannot be brought into step is closed. */
const maxResyncs = 5

/** `durable` and `live` are there for edits: the promise of the log row's id, and the document that waits for it. */
type Waiting = { data: Uint8Array; frame: Frame; durable: Promise<number> | null; live: LiveDocument | null }

/** One document on one socket. `connection` is null until Hocuspocus has authenticated and loaded it. */
type Channel = {
  connection: Connection | null
  /** The Yjs client whose presence this connection may speak for. */
  clientId: number | null
  queue: Waiting[]
  draining: boolean
  /** After a failure nothing of it reaches Hocuspocus any more; what is durable is applied all the same. */
  failed: boolean
  resyncs: number
}

type ClientConnection = ReturnType<Hocuspocus['handleConnection']>
type Dependencies = { documents: LiveDocuments; updateLog: UpdateLog; log: Logger; limits: SocketLimits }

/**
 * One client's socket, between ws and Hocuspocus. Frames are checked when they arrive, edits go to the update log at
 * once, and Hocuspocus sees a frame only when its edit is durable: so what Hocuspocus applies, broadcasts and
 * acknowledges can no longer be lost. The order of a document's frames is kept.
 */
export class ClientSocket implements SocketControl {
  private readonly ws: WebSocket
  private readonly deps: Dependencies
  private readonly channels = new Map<string, Channel>()
  private readonly authenticationTimer: NodeJS.Timeout
  private client: ClientConnection | null = null
  private queuedBytes = 0
  private droppedBytes = 0
  private openDocuments = 0
  private refusedSignIns = 0

  constructor(ws: WebSocket, deps: Dependencies) {
    this.ws = ws
    this.deps = deps
    this.authenticationTimer = setTimeout(() => {
      this.close(closeCodes.unauthorized, 'No document was opened in time')
    }, deps.limits.authenticationMs)
    ws.on('error', (err) => deps.log.debug({ err }, 'a socket broke'))
    ws.on('message', (data: Buffer, isBinary) => this.receive(data, isBinary))
    ws.on('close', (code, reason) => {
      clearTimeout(this.authenticationTimer)
      this.channels.clear()
      this.client?.handleClose({ code, reason: String(reason) })
    })
  }

  /** Connects Hocuspocus, which talks to this object as if it were the WebSocket. */
  attach(client: ClientConnection): void {
    this.client = client
  }

  get readyState(): number {
    return this.ws.readyState
  }

  send(data: Uint8Array): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    if (this.ws.bufferedAmount > this.deps.limits.slowReaderBytes) this.ws.terminate()
    else this.ws.send(data)
  }

  close(code?: number, reason?: string): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.close(code, reason)
  }

  opened(connection: Connection): void {
    const channel = this.channels.get(connection.messageAddress)
    if (!channel) return
    clearTimeout(this.authenticationTimer)
    this.refusedSignIns = 0
    channel.connection = connection
    this.openDocuments++
    connection.onClose(() => {
      this.openDocuments--
      this.channels.delete(connection.messageAddress)
    })
    for (const { data, frame } of channel.queue.splice(0)) {
      this.queuedBytes -= data.byteLength
      this.enqueue(channel, data, frame)
    }
    this.regulate()
  }

  denied(documentName: string, code: CloseCode, reason: string): void {
    for (const [address, channel] of this.channels) {
      if (channel.connection || documentNameOf(address) !== documentName) continue
      this.channels.delete(address)
      for (const { data } of channel.queue.splice(0)) this.queuedBytes -= data.byteLength
    }
    this.refusedSignIns++
    this.regulate()
    setImmediate(() => {
      if (this.refusedSignIns >= 5 || !this.hasOpenDocument()) this.close(code, reason)
    })
  }

  closeDocument(connection: Connection, code: CloseCode, reason: string): void {
    connection.close({ code, reason })
    if (!this.hasOpenDocument()) this.close(code, reason)
  }

  private hasOpenDocument(): boolean {
    return this.openDocuments > 0
  }

  private receive(buffer: Buffer, isBinary: boolean): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    if (!isBinary) {
      this.close(closeCodes.unsupportedData, 'Only binary messages are understood')
      return
    }
    const data = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    try {
      const frame = readFrame(data)
      if (frame) this.route(data, frame)
    } catch (err) {
      this.failed(err)
    }
  }

  private route(data: Uint8Array, frame: Frame): void {
    const channel = this.channels.get(frame.address)
    if (!isId(frame.documentName)) this.close(closeCodes.notFound, 'No such document')
    else if (frame.type === MessageType.Auth) this.authenticate(data, frame)
    else if (channel) {
      this.enqueue(channel, data, frame)
      this.regulate()
    } else this.drop(data)
  }

  /**
   * A frame for a document that is not open: it was closed or refused while this was on its way, or a provider let it
   * overtake its token. Nothing is lost with it: after the token the provider sends all that the server has not.
   */
  private drop(data: Uint8Array): void {
    this.droppedBytes += data.byteLength
    if (!this.hasOpenDocument() && this.droppedBytes > this.deps.limits.droppedBytes) {
      this.close(closeCodes.unauthorized, 'The first message must be the token')
    }
  }

  private authenticate(data: Uint8Array, { address, documentName }: Frame): void {
    if (!this.channels.has(address)) {
      const others = [...this.channels.keys()].filter((other) => documentNameOf(other) === documentName)
      // Hocuspocus would take the token for the connection that has the plain name.
      if ([address, ...others].includes(documentName) && others.length > 0) {
        return void this.close(closeCodes.invalidPayload, 'One document, two ways of naming it')
      }
      if (this.channels.size >= maxDocuments) return void this.close(closeCodes.tooMany, 'Too many documents')
      const state = { queue: [], draining: false, failed: false, resyncs: 0 }
      this.channels.set(address, { connection: null, clientId: null, ...state })
    }
    this.client?.handleMessage(data)
  }

  /** Starts an edit's way to the log and puts its frame in line. */
  private enqueue(channel: Channel, data: Uint8Array, frame: Frame): void {
    const edit = channel.connection ? this.append(channel, channel.connection, frame) : null
    if (edit === 'refused') return
    this.queuedBytes += data.byteLength
    channel.queue.push({ data, frame, durable: edit?.durable ?? null, live: edit?.live ?? null })
    if (channel.connection && !channel.draining) void this.drain(channel)
  }

  /** Sends an edit that must be stored to the log; null for every other frame. */
  private append(
    channel: Channel,
    connection: Connection,
    { address, update }: Frame,
  ): { durable: Promise<number>; live: LiveDocument } | null | 'refused' {
    if (!update || isEmpty(update)) return null
    const live = this.deps.documents.of(connection.document)
    if (!live || channel.failed) return 'refused'
    const userId: string = connection.context.user.id
    if (connection.readOnly) return this.refuseWrite(connection, update, userId)
    switch (validateUpdate(update, connection.document, live.accepted, userId)) {
      case 'known':
        return null
      case 'new':
        channel.resyncs = 0
        live.begun()
        return {
          durable: this.deps.updateLog.append({ documentId: live.id, data: update, userId, origin: 'client' }),
          live,
        }
      case 'gap':
        if (++channel.resyncs > maxResyncs)
          this.close(closeCodes.invalidPayload, 'The edits cannot be brought into step')
        else for (const message of resyncMessages(address, connection.document)) this.send(message)
        return 'refused'
      case 'malformed':
        this.close(closeCodes.invalidPayload, 'Malformed edit')
        return 'refused'
      case 'too-large':
        this.close(closeCodes.tooLarge, 'The edit is too large')
        return 'refused'
    }
  }

  /** Hands on what waits, in order. A failure ends the socket, but not the way of the edits that are durable by then. */
  private async drain(channel: Channel): Promise<void> {
    channel.draining = true
    for (let next = channel.queue[0]; next; next = channel.queue[0]) {
      try {
        const id = await next.durable
        this.deliver(channel, next, id)
      } catch (err) {
        channel.failed = true
        next.live?.accepted.settle()
        this.failed(err)
      }
      channel.queue.shift()
      this.queuedBytes -= next.data.byteLength
      next.live?.ended()
      this.regulate()
    }
    channel.draining = false
  }

  private failed(err: unknown): void {
    if (err instanceof AppendError) {
      this.deps.log.error({ err }, 'an edit could not be stored: its socket is closed')
      this.close(closeCodes.tryAgainLater, 'Edits cannot be stored at the moment')
    } else {
      this.deps.log.info({ err }, 'a malformed message')
      this.close(closeCodes.invalidPayload, 'Malformed message')
    }
  }

  /** Hands a frame to Hocuspocus. A durable edit is applied even where its sender has gone in the meantime. */
  private deliver(channel: Channel, { data, frame, live }: Waiting, id: number | null): void {
    const connection = channel.connection as Connection
    const isOpen = !channel.failed && this.channels.get(frame.address) === channel
    if (live && id !== null && frame.update) {
      live.logged(id, frame.update.byteLength, connection.context.user.id)
      if (!isOpen) live.apply(frame.update, connection.context)
    }
    if (isOpen && frame.awareness) channel.clientId = applyAwareness(connection, frame.awareness, channel.clientId)
    else if (isOpen) this.client?.handleMessage(data)
  }

  /** A reader's edit: only what adds nothing is acknowledged (providers send all they have when they connect). */
  private refuseWrite(connection: Connection, update: Uint8Array, userId: string): 'refused' {
    const known = validateUpdate(update, connection.document, new AcceptedEdits(), userId) === 'known'
    this.send(new OutgoingMessage(connection.messageAddress).writeSyncStatus(known).toUint8Array())
    return 'refused'
  }

  /** Back-pressure: a client that is faster than the log, or not authenticated yet, is not read for a while. */
  private regulate(): void {
    const { pausedAtBytes, pausedUnauthenticatedAtBytes } = this.deps.limits
    const limit = this.hasOpenDocument() ? pausedAtBytes : pausedUnauthenticatedAtBytes
    if (this.queuedBytes > limit && !this.ws.isPaused) this.ws.pause()
    else if (this.queuedBytes <= limit / 2 && this.ws.isPaused) this.ws.resume()
  }
}
