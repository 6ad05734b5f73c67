import { randomBytes } from 'node:crypto'
import type { Logger } from '../log.ts'
import { isReady, onReady, type RedisClient } from '../redis.ts'
import type { LocalConnections } from './local.ts'
import type { Fields, PresenceKeys } from './redis-keys.ts'

/** Milliseconds until those who came and left are written, and what people say of themselves. */
const soonMs = 50
const laterMs = 3_000
const leaseEveryMs = 1_000
const everythingEveryMs = 20_000
/** Documents that are written at once: edits have their turn between those of a thousand people. */
const documentsAtOnce = 8

/**
 * Brings the connections of this server to Redis, in batches. It writes under a name that it gives up when anything
 * could not be written, and then writes everything under a new one: whatever is left under the old name ends with its
 * lease, and nothing need be remembered while Redis is away.
 */
export class PresenceWriter {
  /** The same part of all names of this server. */
  readonly server = randomBytes(8).toString('hex')
  private readonly client: RedisClient
  private readonly keys: PresenceKeys
  private readonly connections: LocalConnections
  private readonly log: Logger
  private changed = new Map<string, Set<string>>()
  private readonly timers: NodeJS.Timeout[]
  private readonly stopListening: () => void
  private next: { timer: NodeJS.Timeout; at: number } | undefined
  private renames = 0
  /** Null: a new one must be taken. */
  private name: string | null = null
  private isWorking = false
  private isClosed = false

  constructor(client: RedisClient, keys: PresenceKeys, connections: LocalConnections, log: Logger) {
    this.client = client
    this.keys = keys
    this.connections = connections
    this.log = log
    this.stopListening = onReady(client, () => void this.work(() => this.startAnew()))
    this.timers = [
      setInterval(() => void this.renew(), leaseEveryMs).unref(),
      setInterval(() => void this.work(() => this.writeEverything()), everythingEveryMs).unref(),
    ]
  }

  /** Somebody has come or left: `soon`; or has said something. */
  hasChanged(documentId: string, connectionId: string, when: 'soon' | 'later'): void {
    if (this.isClosed) return
    const ids = this.changed.get(documentId)
    if (ids) ids.add(connectionId)
    else this.changed.set(documentId, new Set([connectionId]))
    this.writeIn(when === 'soon' ? soonMs : laterMs)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.stopListening()
    for (const timer of this.timers) clearInterval(timer)
    clearTimeout(this.next?.timer)
    if (this.name) await this.keys.dropLease(this.name).catch(() => {})
  }

  private writeIn(ms: number): void {
    const at = performance.now() + ms
    if (this.next && this.next.at <= at) return
    clearTimeout(this.next?.timer)
    const timer = setTimeout(() => {
      this.next = undefined
      // What comes meanwhile is written after it.
      if (this.isWorking) this.writeIn(soonMs)
      else void this.work(() => this.writeChanges())
    }, ms).unref()
    this.next = { timer, at }
  }

  /** One thing at a time; where it fails, everything is written anew. */
  private async work(task: () => Promise<void>): Promise<void> {
    if (this.isWorking || this.isClosed) return
    this.isWorking = true
    try {
      if (isReady(this.client)) await (this.name ? task() : this.startAnew())
      else this.giveUp()
    } catch (err) {
      this.log.debug({ err }, 'presence could not be written')
      this.giveUp()
    } finally {
      this.isWorking = false
    }
  }

  private giveUp(): void {
    this.name = null
    this.changed = new Map()
  }

  private async startAnew(): Promise<void> {
    const old = this.name
    const name = `${this.server}-${++this.renames}`
    await this.keys.takeLease(name)
    this.name = name
    await this.writeEverything()
    if (old) await this.keys.dropLease(old)
  }

  private async renew(): Promise<void> {
    // To write everything may take longer than the lease holds.
    if (this.isWorking && this.name) await this.keys.renewLease(this.name).catch(() => {})
    else await this.work(() => this.renewOrStartAnew())
  }

  /** Where others have taken us for dead, they may be about to remove what we wrote. */
  private async renewOrStartAnew(): Promise<void> {
    if (this.name && !(await this.keys.renewLease(this.name))) await this.startAnew()
  }

  private async writeEverything(): Promise<void> {
    for (const documentId of this.connections.documentIds()) {
      const ids = this.changed.get(documentId) ?? new Set()
      for (const connectionId of this.connections.of(documentId).keys()) ids.add(connectionId)
      this.changed.set(documentId, ids)
    }
    await this.writeChanges()
  }

  private async writeChanges(): Promise<void> {
    const changes = [...this.changed]
    this.changed = new Map()
    while (changes.length > 0) {
      await Promise.all(changes.splice(0, documentsAtOnce).map(([documentId, ids]) => this.write(documentId, ids)))
    }
  }

  private async write(documentId: string, connectionIds: Set<string>): Promise<void> {
    const connections = this.connections.of(documentId)
    const set: Fields = {}
    const remove: string[] = []
    for (const connectionId of connectionIds) {
      const field = `${this.name}:${connectionId}`
      const entry = connections.get(connectionId)
      if (entry) set[field] = JSON.stringify(entry)
      else remove.push(field)
    }
    await this.keys.write(documentId, set, remove)
  }
}
