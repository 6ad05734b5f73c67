import { createPool, type Pool } from '@mdcreator/db/database'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'
import { type RedisServer, startRedis } from '@mdcreator/shared/testing-redis'
import * as Y from 'yjs'
import { createDocuments, createPeople, foundWorkspace, type Person } from '../people.ts'

/** A PostgreSQL of its own that commits to disk, and a Redis, with people who are editors of one workspace. */
export class World {
  readonly pool: Pool
  readonly redis: RedisServer
  /** The variables by which a server finds PostgreSQL and Redis. */
  readonly environment: Record<string, string>
  /** The people's access tokens, as the API signs them. */
  readonly tokens: string[]
  private readonly workspaceId: string
  private readonly ownerId: string
  private readonly stopPostgres: () => Promise<void>

  private constructor(parts: Parts) {
    this.pool = parts.pool
    this.redis = parts.redis
    this.environment = {
      DATABASE_URL: parts.url,
      REDIS_URL: parts.redis.config.url,
      REDIS_PREFIX: parts.redis.config.prefix,
    }
    this.tokens = parts.tokens
    this.workspaceId = parts.workspaceId
    this.ownerId = parts.ownerId
    this.stopPostgres = parts.stopPostgres
  }

  static async start({ people }: { people: number }): Promise<World> {
    const { url, stop } = await startTemporaryPostgres({ durable: true })
    await migrate(url)
    const pool = createPool({ url, size: 2 })
    const members = (await createPeople({ url, pool }, people)) as [Person, ...Person[]]
    const workspaceId = await foundWorkspace(pool, members)
    const redis = await startRedis()
    const tokens = members.map(({ token }) => token)
    return new World({ url, pool, redis, tokens, workspaceId, ownerId: members[0].id, stopPostgres: stop })
  }

  /** Empty documents; resolves to their ids. */
  createDocuments(count: number): Promise<string[]> {
    const { workspaceId, ownerId } = this
    return createDocuments(this.pool, { workspaceId, ownerId, count })
  }

  /** Puts the same content into documents, as a checkpoint would have left it. */
  async storeContent(ids: string[], state: Uint8Array): Promise<void> {
    await this.pool.query('update documents set yjs_state = $2 where id = any($1::uuid[])', [ids, Buffer.from(state)])
  }

  /** Puts edits into a document's log, each as a row. */
  async storeLog(id: string, updates: Uint8Array[]): Promise<void> {
    const atOnce = 20_000
    for (let from = 0; from < updates.length; from += atOnce) {
      await this.pool.query(
        `insert into document_updates (document_id, data, user_id, origin) select $1, data, $2, 'client' from unnest($3::bytea[]) as data`,
        [id, this.ownerId, updates.slice(from, from + atOnce).map((update) => Buffer.from(update))],
      )
    }
  }

  /** For when no server runs: the next one would fold what the last one left, while it is measured. */
  async discardLogs(): Promise<void> {
    await this.pool.query('truncate document_updates')
  }

  /** How many rows a document's log has. */
  async tailRows(id: string): Promise<number> {
    const { rows } = await this.pool.query('select count(*) from document_updates where document_id = $1', [id])
    return Number(rows[0].count)
  }

  /** A document as it can be read back from its rows. */
  async storedDocument(id: string): Promise<Y.Doc> {
    const { rows: states } = await this.pool.query('select yjs_state from documents where id = $1', [id])
    const { rows: tail } = await this.pool.query('select data from document_updates where document_id = $1', [id])
    const document = new Y.Doc()
    document.transact(() => {
      if (states[0].yjs_state) Y.applyUpdate(document, states[0].yjs_state)
      for (const { data } of tail) Y.applyUpdate(document, data)
    })
    return document
  }

  async stop(): Promise<void> {
    await this.pool.end()
    await this.redis.stop()
    await this.stopPostgres()
  }
}

type Parts = {
  url: string
  pool: Pool
  redis: RedisServer
  tokens: string[]
  workspaceId: string
  ownerId: string
  stopPostgres: () => Promise<void>
}
