import { TokenSigner } from '@mdcreator/api-server/auth/signing-keys'
import { createDatabase, createPool, type Pool } from '@mdcreator/db/database'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'
import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { type RedisServer, startRedis } from '@mdcreator/shared/testing-redis'
import * as Y from 'yjs'

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
    const ids = Array.from({ length: people }, newId)
    const ownerId = ids[0] as string
    await pool.query(
      `insert into users (id, subject, email, display_name)
       select id, id, id || '@load.example', 'Person ' || n from unnest($1::uuid[]) with ordinality as person (id, n)`,
      [ids],
    )
    const workspaceId = newId()
    await pool.query(
      `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Load', $2) returning id, created_by)
       insert into workspace_members (workspace_id, user_id, role)
       select founded.id, member, case when member = created_by then 'owner' else 'editor' end::workspace_role
       from founded, unnest($3::uuid[]) as member`,
      [workspaceId, ownerId, ids],
    )
    const tokens = await signIn(url, pool, ids)
    const redis = await startRedis()
    return new World({ url, pool, redis, tokens, workspaceId, ownerId, stopPostgres: stop })
  }

  /** Empty documents; resolves to their ids. */
  async createDocuments(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, newId)
    await this.pool.query(
      `insert into documents (id, workspace_id, title, content, created_by)
       select id, $2, 'Load', '', $3 from unnest($1::uuid[]) as id`,
      [ids, this.workspaceId, this.ownerId],
    )
    return ids
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

/** A session for each, and its access token. */
async function signIn(url: string, pool: Pool, userIds: string[]): Promise<string[]> {
  const sessionIds = userIds.map(newId)
  await pool.query(
    `insert into sessions (id, user_id, refresh_token_hash, expires_at)
     select id, user_id, '', now() + interval '1 day' from unnest($1::uuid[], $2::uuid[]) as session (id, user_id)`,
    [sessionIds, userIds],
  )
  const database = createDatabase({ url, role: 'mdcreator_api', size: 2 })
  try {
    const signer = new TokenSigner(database, loadConfig({}).issuer)
    const tokens: string[] = []
    for (const [i, userId] of userIds.entries()) tokens.push(await signer.sign(userId, sessionIds[i] as string))
    return tokens
  } finally {
    await database.destroy()
  }
}
