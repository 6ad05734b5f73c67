import type { RedisClient } from '../redis.ts'

/** A server whose lease has run out is dead. It is renewed every second. */
const leaseMs = 3_000
/** A document's hash, should nobody be left to end it. It is written anew every 20 s. */
const hashMs = 60_000

export type Fields = Record<string, string>

/**
 * How presence lies in Redis: a hash per document, with a field `{server}:{connection}` for each connection, and a lease
 * per server. Each method touches single keys only, as a Redis Cluster wants it, and rejects while Redis is away.
 */
export class PresenceKeys {
  private readonly client: RedisClient
  private readonly prefix: string

  constructor(client: RedisClient, prefix: string) {
    this.client = client
    this.prefix = `${prefix}presence:`
  }

  async takeLease(server: string): Promise<void> {
    await this.client.set(this.lease(server), '1', 'PX', leaseMs)
  }

  /** False where it had run out: others may have removed what the server wrote. */
  async renewLease(server: string): Promise<boolean> {
    return (await this.client.set(this.lease(server), '1', 'PX', leaseMs, 'XX')) === 'OK'
  }

  async dropLease(server: string): Promise<void> {
    await this.client.del(this.lease(server))
  }

  /** Those of the servers that are alive. */
  async alive(servers: string[]): Promise<Set<string>> {
    const found = await Promise.all(servers.map((server) => this.client.exists(this.lease(server))))
    return new Set(servers.filter((_, i) => found[i] === 1))
  }

  async write(documentId: string, set: Fields, remove: string[]): Promise<void> {
    const key = this.prefix + documentId
    const pipeline = this.client.pipeline()
    if (remove.length > 0) pipeline.hdel(key, ...remove)
    if (Object.keys(set).length > 0) pipeline.hset(key, set)
    pipeline.pexpire(key, hashMs)
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
  }

  read(documentId: string): Promise<Fields> {
    return this.client.hgetall(this.prefix + documentId)
  }

  async remove(documentId: string, fields: string[]): Promise<void> {
    await this.client.hdel(this.prefix + documentId, ...fields)
  }

  private lease(server: string): string {
    return `${this.prefix}instance:${server}`
  }
}
