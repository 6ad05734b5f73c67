import type { Hocuspocus } from '@hocuspocus/server'
import { isId } from '@mdcreator/shared/ids'
import { WebSocket } from 'ws'
import type { OpenConnection } from '../access/connections.ts'
import type { SignIn, SocketControl } from '../context.ts'
import type { RefusedReason } from '../metrics.ts'
import type { Services } from '../services.ts'
import { TokenBucket } from '../token-bucket.ts'
import { AppendError } from '../update-log/update-log.ts'
import { type CloseCode, closeCodes } from '../wire/close-codes.ts'
import { documentNameOf, type Frame, MessageType, readFrame } from '../wire/frame.ts'
import { Channel } from './channel.ts'
import type { ChannelSocket } from './channel-socket.ts'
import type { ClientTransport } from './client-transport.ts'

/** How one socket is treated. The limits that an administrator sets are in the configuration (CollabLimits). */
export type SocketPolicy = {
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

export const defaultPolicy: SocketPolicy = {
  authenticationMs: 10_000,
  pausedAtBytes: 4 * 1024 * 1024,
  pausedUnauthenticatedAtBytes: 64 * 1024,
  droppedBytes: 4 * 1024 * 1024,
  slowReaderBytes: 64 * 1024 * 1024,
}

/** So many bytes more, of a frame or of the answer to it, count as another frame. */
const bytesPerFrame = 16 * 1024
/** As which a state counts in the answer to who is in a document. */
const bytesPerState = 512
const maxRefusedSignIns = 5
/** How long a client whose document was refused has to ask for another. Providers send all their tokens at once. */
const otherTokensMs = 50

type ClientConnection = ReturnType<Hocuspocus['handleConnection']>

/** What others do about a socket. */
export type SocketHooks = {
  /** Its first document is open. */
  authenticated(): void
  /** A token was refused. */
  signInFailed(): void
  /** The client has sent a new token for an open document. */
  renew(connection: OpenConnection, token: string): void
}

/**
 * One client's socket, between ws and Hocuspocus. Frames are checked when they arrive, edits go to the update log at
 * once, and Hocuspocus sees a frame only when its edit is durable: so what Hocuspocus applies, broadcasts and
 * acknowledges can no longer be lost. Each document on the socket has a channel, which keeps its frames in order.
 */
export class ClientSocket implements SocketControl, ChannelSocket {
  private readonly ws: ClientTransport
  readonly services: Services
  private readonly policy: SocketPolicy
  private readonly hooks: SocketHooks
  private readonly bucket: TokenBucket
  private readonly channels = new Map<string, Channel>()
  private readonly authenticationTimer: NodeJS.Timeout
  private client: ClientConnection | null = null
  private queuedBytes = 0
  private droppedBytes = 0
  private openDocuments = 0
  private refusedSignIns = 0

  constructor(
    ws: ClientTransport,
    services: Services,
    { policy, hooks }: { policy: SocketPolicy; hooks: SocketHooks },
  ) {
    this.ws = ws
    this.services = services
    this.policy = policy
    this.hooks = hooks
    this.bucket = new TokenBucket(services.limits.messagesPerSecond, services.limits.messageBurst)
    this.authenticationTimer = setTimeout(() => {
      this.refuse('signin-time', closeCodes.unauthorized, 'No document was opened in time')
    }, policy.authenticationMs)
    ws.onMessage((data, isBinary) => this.receive(data, isBinary))
    ws.onControl(() => void this.isInTime())
    ws.onClose((code, reason) => {
      clearTimeout(this.authenticationTimer)
      for (const channel of this.channels.values()) channel.close()
      this.channels.clear()
      this.client?.handleClose({ code, reason })
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
    if (this.ws.bufferedAmount > this.policy.slowReaderBytes) {
      this.services.metrics.refused.inc({ reason: 'slow-reader' })
      this.ws.terminate()
    } else this.ws.send(data)
  }

  close(code?: number, reason?: string): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.close(code, reason)
  }

  admitted(): void {
    clearTimeout(this.authenticationTimer)
  }

  opened(connection: OpenConnection): void {
    const channel = this.channels.get(connection.messageAddress)
    if (!channel) {
      // Another session was refused with the same token meanwhile.
      this.closeDocument(connection, closeCodes.tryAgainLater, 'try-again-later')
      return
    }
    if (this.openDocuments === 0) this.hooks.authenticated()
    this.refusedSignIns = 0
    this.openDocuments++
    connection.onClose(() => {
      this.openDocuments--
      channel.close()
      this.channels.delete(connection.messageAddress)
    })
    channel.open(connection)
    this.regulate()
  }

  denied({ documentName, token }: SignIn, code: CloseCode, reason: string, counted: RefusedReason): void {
    for (const [address, channel] of this.channels) {
      if (channel.isOpen || documentNameOf(address) !== documentName || channel.token !== token) continue
      channel.close()
      this.channels.delete(address)
    }
    this.refused(code, reason, counted)
  }

  turnedAway(connection: OpenConnection, code: CloseCode, reason: string, counted: RefusedReason): void {
    this.channels.get(connection.messageAddress)?.close()
    this.channels.delete(connection.messageAddress)
    this.refused(code, reason, counted)
    connection.close({ code, reason })
  }

  private refused(code: CloseCode, reason: string, counted: RefusedReason): void {
    this.refusedSignIns++
    this.services.metrics.refused.inc({ reason: counted })
    if (code === closeCodes.unauthorized) this.hooks.signInFailed()
    // Behind the refusal, which is sent in this turn.
    if (this.refusedSignIns >= maxRefusedSignIns) setImmediate(() => this.close(code, reason))
    else {
      this.ws.tokenRefused()
      const decide = (): void => {
        if (this.isOver(code)) this.close(code, reason)
      }
      // What has arrived by then is looked at first.
      setTimeout(() => setImmediate(decide), otherTokensMs)
    }
  }

  closeDocument(connection: OpenConnection, code: CloseCode, reason: string): void {
    connection.close({ code, reason })
    if (this.isOver(code)) this.close(code, reason)
  }

  hand(data: Uint8Array): void {
    this.client?.handleMessage(data)
  }

  queued(bytes: number): void {
    this.queuedBytes += bytes
    this.regulate()
  }

  failed(err: unknown): void {
    if (err instanceof AppendError) {
      this.services.log.error({ err }, 'an edit could not be stored: its socket is closed')
      this.services.metrics.refused.inc({ reason: 'not-stored' })
      this.close(closeCodes.tryAgainLater, 'Edits cannot be stored at the moment')
    } else {
      this.services.log.info({ err }, 'a malformed message')
      this.refuse('malformed', closeCodes.invalidPayload, 'Malformed message')
    }
  }

  /** False, and the socket is closed, where frames come faster than one client can have reason to send them. */
  private isInTime(bytes = 0): boolean {
    if (this.bucket.take(1 + Math.floor(bytes / bytesPerFrame))) return true
    this.refuse('message-rate', closeCodes.tooMany, 'Too many messages')
    return false
  }

  /** How much a frame asks for, about. */
  private answerBytes(frame: Frame | null): number {
    if (!frame) return 0
    const { address, type, stateVector } = frame
    const document = this.channels.get(address)?.opened?.document
    if (!document) return 0
    if (type === MessageType.QueryAwareness) return document.awareness.states.size * bytesPerState
    return (stateVector && this.services.documents.of(document)?.bytes) ?? 0
  }

  private refuse(reason: RefusedReason, code: CloseCode, text: string): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    this.services.metrics.refused.inc({ reason })
    this.close(code, text)
  }

  /** On an open socket, providers never ask again for a document that was refused or ended. */
  private isOver(code: CloseCode): boolean {
    return code === closeCodes.tryAgainLater || this.channels.size === 0
  }

  private hasOpenDocument(): boolean {
    return this.openDocuments > 0
  }

  private receive(buffer: Buffer, isBinary: boolean): void {
    if (this.ws.readyState !== WebSocket.OPEN) return
    if (!isBinary) {
      this.refuse('malformed', closeCodes.unsupportedData, 'Only binary messages are understood')
      return
    }
    const data = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    try {
      const frame = readFrame(data)
      if (this.isInTime(data.byteLength + this.answerBytes(frame)) && frame) this.route(data, frame)
    } catch (err) {
      this.failed(err)
    }
  }

  private route(data: Uint8Array, frame: Frame): void {
    const channel = this.channels.get(frame.address)
    if (!isId(frame.documentName)) this.refuse('signin', closeCodes.notFound, 'No such document')
    else if (channel?.opened && frame.token !== null) this.hooks.renew(channel.opened, frame.token)
    else if (frame.type === MessageType.Auth) this.authenticate(data, frame)
    else if (channel) channel.receive(data, frame)
    else this.drop(data)
  }

  /**
   * A frame for a document that is not open: it was closed or refused while this was on its way, or a provider let it
   * overtake its token. Nothing is lost with it: after the token the provider sends all that the server has not.
   */
  private drop(data: Uint8Array): void {
    this.droppedBytes += data.byteLength
    if (!this.hasOpenDocument() && this.droppedBytes > this.policy.droppedBytes) {
      this.refuse('signin', closeCodes.unauthorized, 'The first message must be the token')
    }
  }

  private authenticate(data: Uint8Array, { address, documentName, token }: Frame): void {
    if (!this.channels.has(address)) {
      const others = [...this.channels.keys()].filter((other) => documentNameOf(other) === documentName)
      // Hocuspocus would take the token for the connection that has the plain name.
      if ([address, ...others].includes(documentName) && others.length > 0) {
        this.refuse('malformed', closeCodes.invalidPayload, 'One document, two ways of naming it')
        return
      }
      if (this.channels.size >= this.services.limits.documentsPerSocket) {
        this.refuse('documents-per-socket', closeCodes.tooMany, 'Too many documents on one socket')
        return
      }
      this.channels.set(address, new Channel(this, token))
    }
    this.client?.handleMessage(data)
  }

  /** Back-pressure: a client that is faster than the log, or not authenticated yet, is not read for a while. */
  private regulate(): void {
    const { pausedAtBytes, pausedUnauthenticatedAtBytes } = this.policy
    const limit = this.hasOpenDocument() ? pausedAtBytes : pausedUnauthenticatedAtBytes
    if (this.queuedBytes > limit && !this.ws.isPaused) this.ws.pause()
    else if (this.queuedBytes <= limit / 2 && this.ws.isPaused) this.ws.resume()
  }
}
