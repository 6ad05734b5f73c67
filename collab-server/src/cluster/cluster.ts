import { randomBytes } from 'node:crypto'
import type { RedisConfig } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import { createRedis, isReady, onReady, type RedisClient } from '@mdcreator/shared/redis'
import type { LiveDocument, LiveDocuments } from '../document/live-document.ts'
import type { Projector } from '../document/projection.ts'
import type { Metrics } from '../metrics.ts'
import type { LogReader } from '../update-log/log-reader.ts'
import type { Storage } from '../update-log/storage.ts'
import type { StoredUpdate } from '../update-log/stored-documents.ts'
import { CatchUp } from './catch-up.ts'
import { Channels } from './channels.ts'
import { Heartbeats } from './heartbeats.ts'
import { Outbox } from './outbox.ts'
import { PeerAwareness } from './peer-awareness.ts'
import { decodeMail, decodePeerMessages, encodePeerMessages, type PeerMessage, senderOf } from './peer-messages.ts'
import { Doubts, Peers } from './peers.ts'
import { projectingServer } from './projecting-server.ts'

export type ClusterDependencies = {
  redis: RedisConfig
  documents: LiveDocuments
  reader: LogReader
  storage: Storage
  projector: Projector
  log: Logger
  metrics: Metrics
  onGone: (live: LiveDocument) => void
}

/** Each server says so often which documents it holds, should one have missed it. */
const announceMs = 10_000
const catchUpMs = 750
/** While nothing else brings the others' edits: well below the second in which they are promised. */
const catchUpUnconnectedMs = 250

type Member = { live: LiveDocument; awareness: PeerAwareness; peers: Peers }

/**
 * Joins this server to the others that hold the same documents. They find each other on a channel per document; edits then
 * go as they came, after their commit, to the channel of each server that holds it, so that they cost what they weigh and
 * reach nobody else. Redis makes it fast; that nothing is missed is the catch-up's doing.
 */
export class Cluster {
  readonly serverId = randomBytes(8).toString('hex')
  private readonly deps: ClusterDependencies
  private readonly channels: Channels
  private readonly publisher: RedisClient
  private readonly subscriber: RedisClient
  private readonly members = new Map<string, Member>()
  private readonly outbox: Outbox
  private readonly catchUp: CatchUp
  private readonly heartbeats: Heartbeats
  private readonly doubts: Doubts
  private announcer: NodeJS.Timeout | undefined

  constructor(deps: ClusterDependencies) {
    this.deps = deps
    this.channels = new Channels(deps.redis.prefix)
    this.publisher = createRedis(deps.redis, deps.log, { role: 'publish' })
    this.subscriber = createRedis(deps.redis, deps.log, { role: 'subscribe' })
    this.outbox = new Outbox(this.serverId, (server, mail) => {
      if (this.isConnected) void this.send(this.channels.inboxOf(server), mail)
    })
    this.heartbeats = new Heartbeats({
      send: () => void this.send(this.channels.servers, 'alive'),
      onGone: (server) => this.serverGone(server),
      isConnected: () => this.isConnected,
    })
    this.doubts = new Doubts(this.members, () => this.isConnected)
    this.catchUp = new CatchUp({
      ...deps,
      isConnected: () => this.isConnected,
      everyMs: () => (this.isConnected ? catchUpMs : catchUpUnconnectedMs),
    })
  }

  get isConnected(): boolean {
    return isReady(this.publisher) && isReady(this.subscriber)
  }

  start(): void {
    this.subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => this.receive(String(channel), message))
    for (const client of [this.subscriber, this.publisher]) onReady(client, () => this.reconnected())
    this.subscriber.subscribe(this.channels.servers, this.channels.inboxOf(this.serverId)).catch(() => {})
    this.heartbeats.start()
    this.announcer = setInterval(() => this.queryAwareness(), announceMs)
    this.announcer.unref()
    this.catchUp.start()
  }

  async stop(): Promise<void> {
    this.heartbeats.stop()
    clearInterval(this.announcer)
    this.outbox.flush()
    await this.send(this.channels.servers, 'leaving')
    await this.catchUp.stop()
    this.publisher.disconnect()
    this.subscriber.disconnect()
  }

  /** Resolves once all that was committed before is applied here; rejects where the database is away. */
  caughtUp(): Promise<void> {
    return this.catchUp.now()
  }

  /** A document was loaded. What was committed between its load and its subscription is found by catching up. */
  join(live: LiveDocument): void {
    const peers = new Peers()
    const awareness = new PeerAwareness(
      live.document,
      (update) => this.publish(live, { type: 'awareness', update }),
      () => peers.size > 0,
    )
    this.members.set(live.id, { live, awareness, peers })
    // Asked only once the answer can be heard. While Redis is away it is asked when it is back.
    this.subscriber.subscribe(this.channels.of(live.id)).then(
      () => this.announce(live, { type: 'query-awareness' }),
      () => {},
    )
  }

  leave(live: LiveDocument): void {
    const member = this.members.get(live.id)
    // Another of the same name may have been loaded meanwhile.
    if (member?.live !== live) return
    // After all that was said of it.
    this.outbox.flush()
    this.announce(live, { type: 'leaving' })
    this.members.delete(live.id)
    this.subscriber.unsubscribe(this.channels.of(live.id)).catch(() => {})
  }

  /** True where another server is known to hold the document too. */
  isShared(documentId: string): boolean {
    return (this.members.get(documentId)?.peers.size ?? 0) > 0
  }

  /** True where this server projects the document for all that hold it. Without Redis nobody knows of the others. */
  projects(live: LiveDocument): boolean {
    const member = this.members.get(live.id)
    if (member?.live !== live || !this.isConnected) return true
    return projectingServer(live.id, this.serverId, member.peers) === this.serverId
  }

  /** Tells the others of a projection of all rows up to `clock`. */
  publishProjected(live: LiveDocument, clock: number): void {
    this.publish(live, { type: 'projected', clock })
  }

  /** Tells the others of a row that is committed. */
  publishRow(live: LiveDocument, row: StoredUpdate & { origin: 'client' | 'api' }): void {
    this.publish(live, { type: 'row', ...row })
  }

  publishStateless(documentId: string, payload: string): void {
    const member = this.members.get(documentId)
    // Said once only: also to a server that has not been heard of yet.
    if (member) this.announce(member.live, { type: 'stateless', payload })
  }

  /** Tells the servers that are known to hold the document: where nobody else does, it costs nothing. */
  private publish(live: LiveDocument, message: PeerMessage): void {
    const member = this.members.get(live.id)
    if (member?.live === live) this.outbox.add(member.peers, live.id, message)
  }

  /** Tells whoever holds the document. */
  private announce(live: LiveDocument, message: PeerMessage): void {
    const member = this.members.get(live.id)
    if (member?.live !== live || !this.isConnected) return
    void this.send(this.channels.of(live.id), encodePeerMessages(this.serverId, [message]))
  }

  private receive(channel: string, message: Buffer): void {
    this.guard(channel, () => {
      const data = new Uint8Array(message.buffer, message.byteOffset, message.byteLength)
      if (channel === this.channels.servers) this.receiveSign(String(message))
      else if (channel === this.channels.inboxOf(this.serverId)) this.receiveMail(channel, data)
      else if (senderOf(data) !== this.serverId) {
        const { server, messages } = decodePeerMessages(data)
        this.receiveMessages(server, this.channels.documentOf(channel), messages)
      }
    })
  }

  private receiveMail(channel: string, data: Uint8Array): void {
    const { server, documents } = decodeMail(data)
    for (const [id, messages] of documents) this.guard(channel, () => this.receiveMessages(server, id, messages))
  }

  /** What others say must not end the process. */
  private guard(channel: string, work: () => void): void {
    try {
      work()
    } catch (err) {
      this.deps.metrics.errors.inc({ where: 'peer-message' })
      this.deps.log.warn({ err, channel }, 'a message of another server cannot be read')
    }
  }

  private receiveSign(message: string): void {
    const [server = '', sign] = message.split(' ')
    if (server === this.serverId) return
    if (sign === 'alive') {
      // It has just started, or was cut off: who is there?
      if (this.heartbeats.heardOf(server)) this.queryAwareness()
    } else if (sign === 'leaving') this.heartbeats.left(server)
    // What it said meanwhile was not heard: it may have left documents.
    else if (sign === 'back') this.doubts.raise(server)
  }

  private receiveMessages(server: string, documentId: string, messages: PeerMessage[]): void {
    const member = this.members.get(documentId)
    if (!member || server === this.serverId) return
    this.heartbeats.heardOf(server)
    if (member.peers.heardOf(server)) {
      // What was said and written before we knew of each other was not published.
      this.sayOwn(member)
      this.catchUp.now().catch(() => {})
    }
    for (const message of messages) this.handle(member, server, message)
  }

  private handle({ live, awareness, peers }: Member, server: string, message: PeerMessage): void {
    switch (message.type) {
      case 'row': {
        const outcome = live.applyRow(message, 'server')
        if (outcome === 'applied') this.deps.metrics.updates.inc({ source: 'peer' })
        // The log has what it builds on, and this row itself.
        else if (outcome === 'gap') this.catchUp.now().catch(() => {})
        else throw new Error('A row that cannot be applied')
        return
      }
      case 'awareness':
        awareness.apply(server, message.update)
        return
      case 'present':
        awareness.replace(server, message.update)
        return
      case 'query-awareness':
        this.sayOwn({ live, awareness })
        return
      case 'holding':
        awareness.gone(server)
        return
      case 'leaving':
        peers.left(server)
        awareness.gone(server)
        return
      case 'projected':
        this.deps.projector.projectedElsewhere(live, message.clock)
        return
      case 'stateless':
        live.document.relayStateless(message.payload)
    }
  }

  private serverGone(server: string): void {
    this.deps.log.info({ server }, 'another server is gone')
    for (const { live, awareness, peers } of this.members.values()) {
      peers.left(server)
      awareness.gone(server)
      // It may have died between an edit and its projection.
      this.deps.projector.schedule(live)
    }
  }

  /** Everybody says again who is there; what was written meanwhile is in the log. */
  private reconnected(): void {
    if (!this.isConnected) return
    this.heartbeats.reset()
    void this.send(this.channels.servers, 'back')
    this.doubts.raise()
    this.catchUp.now().catch(() => {})
    this.queryAwareness()
    for (const member of this.members.values()) this.sayOwn(member)
  }

  private sayOwn({ live, awareness }: Pick<Member, 'live' | 'awareness'>): void {
    const update = awareness.own()
    this.announce(live, update ? { type: 'present', update } : { type: 'holding' })
  }

  private queryAwareness(): void {
    for (const { live } of this.members.values()) this.announce(live, { type: 'query-awareness' })
  }

  private async send(channel: string, message: Uint8Array | 'alive' | 'leaving' | 'back'): Promise<void> {
    const data = typeof message === 'string' ? `${this.serverId} ${message}` : Buffer.from(message)
    try {
      await this.publisher.publish(channel, data)
    } catch (err) {
      this.deps.log.debug({ err }, 'the other servers could not be told; they catch up')
    }
  }
}
