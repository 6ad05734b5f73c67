import type { OpenConnection } from '../access/connections.ts'
import type { LiveDocument } from '../document/live-document.ts'
import { applyAwareness } from '../presence/awareness.ts'
import { encodeStates } from '../presence/awareness-states.ts'
import { awarenessMessage, type Frame, MessageType, syncStatus, syncStepOne } from '../wire/frame.ts'
import type { ChannelSocket } from './channel-socket.ts'
import { type AcceptedEdit, type Judged, judgeEdit, type Known } from './edits.ts'

/** Refusals in a row after which a client that cannot be brought into step is closed. */
const maxResyncs = 5

type Incoming = { data: Uint8Array; frame: Frame }
/** `edit` is there for what must be stored. */
type Waiting = Incoming & { edit: AcceptedEdit | null }

/**
 * One document on one socket. Edits go to the log when their frame arrives, and each frame has its effect in its order,
 * only when its edit is durable: so what is applied, broadcast and acknowledged can no longer be lost.
 */
export class Channel {
  private readonly socket: ChannelSocket
  /** That it was asked for with. */
  readonly token: string | null
  /** Null until Hocuspocus has authenticated and loaded the document; until then everything waits. */
  private connection: OpenConnection | null = null
  private incoming: Incoming[] = []
  private queue: Waiting[] = []
  /** An edit cannot be judged at once; all behind it waits. */
  private isLooking = false
  private isDraining = false
  /** Once closed or failed, nothing has an effect any more; what is durable is applied all the same. */
  private closed = false
  private resyncs = 0
  private acknowledgement: Uint8Array | undefined
  /** We have asked the client for all that it has, and it has not answered. */
  private isAsked = false

  constructor(socket: ChannelSocket, token: string | null) {
    this.socket = socket
    this.token = token
  }

  get isOpen(): boolean {
    return this.connection !== null && !this.closed
  }

  /** The connection, once the document is open. */
  get opened(): OpenConnection | null {
    return this.closed ? null : this.connection
  }

  /** Lets through what waited for the document. */
  open(connection: OpenConnection): void {
    this.connection = connection
    this.take()
  }

  /** Called when the document is closed, refused, or the socket is gone. */
  close(): void {
    this.closed = true
    for (const { data } of this.incoming.splice(0)) this.socket.queued(-data.byteLength)
  }

  receive(data: Uint8Array, frame: Frame): void {
    if (this.closed) return
    this.socket.queued(data.byteLength)
    this.incoming.push({ data, frame })
    this.take()
  }

  private take(): void {
    while (this.connection && !this.isLooking) {
      const next = this.incoming.shift()
      if (!next) return
      this.admit(this.connection, next, {})
    }
  }

  /** Starts an edit's way to the log and puts its frame in line, or refuses it. */
  private admit(connection: OpenConnection, incoming: Incoming, known: Known): void {
    if (incoming.frame.isStepTwo) this.isAsked = false
    const judged: Judged = this.closed ? 'refused' : judgeEdit(connection, incoming.frame, this.socket, this, known)
    if (judged === 'refused') {
      this.socket.queued(-incoming.data.byteLength)
    } else if (judged instanceof Promise) {
      this.isLooking = true
      judged
        .then((found) => {
          this.isLooking = false
          this.admit(connection, incoming, found)
          this.take()
        })
        .catch((error: unknown) => {
          this.socket.queued(-incoming.data.byteLength)
          this.socket.failed(error)
          this.close()
        })
    } else {
      this.queue.push({ ...incoming, edit: judged })
      if (!this.isDraining) void this.drain(connection)
    }
  }

  /**
   * Brings a client into step whose edit builds on what is not here. False where that has failed too often. Edits that it
   * sent before it could know are refused without asking again.
   */
  resync(connection: OpenConnection): boolean {
    const { messageAddress, document } = connection
    this.socket.send(syncStatus(messageAddress, false))
    if (this.isAsked) return true
    if (++this.resyncs > maxResyncs) return false
    this.isAsked = true
    this.socket.send(syncStepOne(messageAddress, document))
    return true
  }

  /** An edit was accepted. */
  inStep(): void {
    this.resyncs = 0
  }

  /** Gives frames their effect, in order. A failure ends the socket, but not the way of the edits that are durable by then. */
  private async drain(connection: OpenConnection): Promise<void> {
    this.isDraining = true
    for (let next = this.queue[0]; next; next = this.queue[0]) {
      try {
        if (next.edit) this.applyEdit(connection, next.edit.live, next.frame, await next.edit.durable)
        else this.deliver(connection, next)
      } catch (error) {
        this.closed = true
        next.edit?.live.accepted.settle()
        this.socket.failed(error)
      }
      this.queue.shift()
      this.socket.queued(-next.data.byteLength)
      next.edit?.ended()
    }
    this.isDraining = false
  }

  private applyEdit(connection: OpenConnection, live: LiveDocument, { update }: Frame, id: number): void {
    if (!update) return
    const userId = connection.context.user.id
    const { cluster, metrics } = this.socket.services
    live.logged(id, update.byteLength, userId)
    live.apply(update)
    cluster?.publishRow(live, { id, data: update, userId, origin: 'client' })
    metrics.updates.inc({ source: 'client' })
    if (!this.closed) this.acknowledge(connection)
  }

  private deliver(connection: OpenConnection, { data, frame }: Incoming): void {
    if (this.closed) return
    if (frame.update) this.acknowledge(connection)
    else if (frame.awareness) {
      const live = this.socket.services.documents.of(connection.document)
      if (!live) return
      const isTaken = applyAwareness(connection, frame.awareness, live.accepted)
      if (isTaken) this.socket.services.presence.said(connection)
      else this.socket.services.metrics.refused.inc({ reason: 'awareness' })
    } else if (frame.stateVector) {
      this.answerStepOne(connection, frame.stateVector)
    } else if (frame.type === MessageType.QueryAwareness) this.sendAwareness(connection)
    else this.socket.hand(data)
  }

  /** With a question of our own, so that the client sends what we lack, and with what it lacks. */
  private answerStepOne({ messageAddress, document }: OpenConnection, stateVector: Uint8Array): void {
    const live = this.socket.services.documents.of(document)
    if (!live) return
    this.isAsked = true
    this.socket.send(live.stepOne(messageAddress))
    this.socket.send(live.stepTwo(messageAddress, stateVector))
  }

  private sendAwareness({ messageAddress, document }: OpenConnection): void {
    const { awareness } = document
    this.socket.send(awarenessMessage(messageAddress, encodeStates(awareness, [...awareness.states.keys()])))
  }

  private acknowledge({ messageAddress }: OpenConnection): void {
    this.acknowledgement ??= syncStatus(messageAddress, true)
    this.socket.send(this.acknowledgement)
  }
}
