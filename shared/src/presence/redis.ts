import type { PresentPerson } from '../bus/messages.ts'
import type { RedisConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { createRedis, isReady, type RedisClient } from '../redis.ts'
import { LocalConnections } from './local.ts'
import { PresenceEntry, toPeople } from './people.ts'
import type { PresenceStore, PresentConnection, Said } from './presence.ts'
import { type Fields, PresenceKeys } from './redis-keys.ts'
import { PresenceWriter } from './redis-writer.ts'

/** The presence of several processes. What this one knows of its own people it takes from memory. */
export class RedisPresence implements PresenceStore {
  private readonly connections = new LocalConnections()
  private readonly client: RedisClient
  private readonly keys: PresenceKeys
  private readonly writer: PresenceWriter
  private readonly log: Logger
  private readonly now: () => number

  constructor(config: RedisConfig, log: Logger, { now = Date.now } = {}) {
    this.log = log
    this.now = now
    this.client = createRedis(config, log, { role: 'publish' })
    this.keys = new PresenceKeys(this.client, config.prefix)
    this.writer = new PresenceWriter(this.client, this.keys, this.connections, log)
  }

  join(connection: PresentConnection): void {
    this.connections.join(connection)
    this.writer.hasChanged(connection.documentId, connection.connectionId, 'soon')
  }

  update(documentId: string, connectionId: string, said: Said): void {
    if (this.connections.update(documentId, connectionId, said, this.now())) {
      this.writer.hasChanged(documentId, connectionId, 'later')
    }
  }

  leave(documentId: string, connectionId: string): void {
    if (this.connections.leave(documentId, connectionId)) this.writer.hasChanged(documentId, connectionId, 'soon')
  }

  async list(documentId: string): Promise<PresentPerson[]> {
    const others = await this.others(documentId)
    const own = this.connections.of(documentId)
    // By connection: a server that has just taken a new name is there twice for a moment.
    return toPeople(new Map([...others, ...own]).values(), this.now())
  }

  async close(): Promise<void> {
    await this.writer.close()
    this.client.disconnect()
    this.connections.clear()
  }

  /** The connections of the other servers that are alive; nothing while Redis is away. */
  private async others(documentId: string): Promise<Map<string, PresenceEntry>> {
    if (!isReady(this.client)) return new Map()
    try {
      return await this.readOthers(documentId)
    } catch (err) {
      this.log.debug({ err }, 'the other servers\u2019 people are not known')
      return new Map()
    }
  }

  private async readOthers(documentId: string): Promise<Map<string, PresenceEntry>> {
    const fields = await this.keys.read(documentId)
    const byServer = Map.groupBy(Object.keys(fields), (field) => field.slice(0, field.indexOf(':')))
    for (const name of byServer.keys()) if (name.startsWith(this.writer.server)) byServer.delete(name)
    const alive = await this.keys.alive([...byServer.keys()])
    const entries = new Map<string, PresenceEntry>()
    for (const [name, ofServer] of byServer) {
      if (alive.has(name)) for (const field of ofServer) add(entries, field, fields)
      else this.keys.remove(documentId, ofServer).catch(() => {})
    }
    return entries
  }
}

/** What cannot be read, perhaps since a newer version wrote it, is left out. */
function add(entries: Map<string, PresenceEntry>, field: string, fields: Fields): void {
  try {
    entries.set(field.slice(field.indexOf(':') + 1), PresenceEntry.parse(JSON.parse(fields[field] ?? '')))
  } catch {}
}
