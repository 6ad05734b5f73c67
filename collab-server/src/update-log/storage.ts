import { createPool, type Pool, type PoolClient, type QueryConfig } from '@mdcreator/db/database'
import type { Logger } from '@mdcreator/shared/log'
import type { AuthoredRow, ClientOwners } from './client-owners.ts'
import { type StoredDocument, StoredDocuments, toUpdate } from './stored-documents.ts'

export type LogEntry = {
  documentId: string
  /** A Yjs update (v1), as it came. */
  data: Uint8Array
  userId: string | null
  origin: 'client' | 'api'
}

/** What REST clients and search read of a document. */
export type Projection = { content: string; plainText: string; wordCount: number }

/** A projection of all rows up to `clock`, and who made the last edit. */
export type ProjectedDocument = { documentId: string; projection: Projection; clock: number; userId: string | null }

/** A change from the API, stored as a whole or not at all. */
export type Write = {
  documentId: string
  userId: string
  baseVersion: number | undefined
  title: string | undefined
  /** Null where the text stays as it is. */
  change: { update: Uint8Array; projection: Projection } | null
}

type StorageOptions = {
  url: string
  poolSize: number
  log: Logger
  createPool?: typeof createPool | undefined
}

/** As many as the update log has batches in flight, and one. */
const logPoolSize = 3

/** The collab server's only way to PostgreSQL. */
export class Storage {
  readonly pool: Pool
  /** For appends only: nothing else may make an acknowledgement wait for a connection. */
  private readonly logPool: Pool
  private readonly projectionPool: Pool
  private readonly documents: StoredDocuments

  constructor({ url, poolSize, log, createPool: create = createPool }: StorageOptions) {
    const options = { url, role: 'mdcreator_collab', log } as const
    this.pool = create({ ...options, size: poolSize })
    this.logPool = create({ ...options, size: logPoolSize })
    this.projectionPool = create({ ...options, size: 1 })
    this.documents = new StoredDocuments(this.pool)
  }

  async exists(documentId: string): Promise<boolean> {
    const { rows } = await this.pool.query('select from documents where id = $1 and deleted_at is null', [documentId])
    return rows.length > 0
  }

  /** Appends a batch to the log in one commit. Returns the rows' ids, in the order of the entries. */
  async append(entries: LogEntry[]): Promise<number[]> {
    const { rows } = await this.logPool.query({
      name: 'append',
      text: `insert into document_updates (document_id, data, user_id, origin)
        select * from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::text[]) returning id`,
      values: [
        entries.map((entry) => entry.documentId),
        entries.map((entry) => bytes(entry.data)),
        entries.map((entry) => entry.userId),
        entries.map((entry) => entry.origin),
      ],
      // A connection that died without a word must not hold acknowledgements for ever; appending twice is harmless.
      query_timeout: 10_000,
    } as QueryConfig)
    return rows.map((row) => row.id)
  }

  /** The checkpoint and the tail, from one snapshot. Null where there is no such document. */
  load(documentId: string): Promise<StoredDocument | null> {
    return this.documents.load(documentId)
  }

  /**
   * Gives a document that was created over REST its first Yjs update, once: the row is locked, so that of two servers
   * that load it at the same time one seeds and the other finds it seeded.
   */
  async seed(documentId: string, toUpdate: (content: string) => Promise<Uint8Array>): Promise<void> {
    await this.transaction(async (client) => {
      const { rows } = await client.query(
        `select content, created_by from documents d
          where id = $1 and doc_type = 'markdown' and content <> '' and yjs_state is null and deleted_at is null
            and not exists (select from document_updates u where u.document_id = d.id)
          for no key update`,
        [documentId],
      )
      // The lock may have been waited for: what it protected is read again.
      if (rows.length === 0 || (await hasUpdates(client, documentId))) return
      await client.query(
        `insert into document_updates (document_id, data, user_id, origin) values ($1, $2, $3, 'seed')`,
        [documentId, bytes(await toUpdate(rows[0].content)), rows[0].created_by],
      )
    })
  }

  /**
   * Writes what readers see, only forward; returns the documents that were written, without those that a checkpoint holds. On
   * the disk, though all is in the log: the change feed tells of it, and a crash would give its transaction id to another.
   */
  async project(documents: ProjectedDocument[]): Promise<Set<string>> {
    const { rows } = await this.projectionPool.query({
      name: 'project',
      text: `with given as (
          select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::uuid[])
            v(id, content, plain_text, word_count, clock, user_id)),
        locked as (select d.id from documents d join given using (id) order by d.id for no key update of d skip locked)
        update documents d set content = v.content, plain_text = v.plain_text, word_count = v.word_count,
          yjs_clock = v.clock, updated_by = coalesce(v.user_id, d.updated_by)
        from given v join locked using (id) where d.id = v.id and d.yjs_clock <= v.clock returning d.id`,
      values: [
        documents.map(({ documentId }) => documentId),
        documents.map(({ projection }) => projection.content),
        documents.map(({ projection }) => projection.plainText),
        documents.map(({ projection }) => projection.wordCount),
        documents.map(({ clock }) => clock),
        documents.map(({ userId }) => userId),
      ],
    })
    return new Set(rows.map(({ id }) => id))
  }

  /**
   * Stores a change from the API: log row, projection and title in one commit. Returns the row's id (0 where nothing
   * but the title changed), or null where the document is gone or no longer at the base version.
   */
  async commit(write: Write): Promise<{ clock: number } | null> {
    return this.transaction(async (client) => {
      const { rows } = await client.query(
        'select version from documents where id = $1 and deleted_at is null for no key update',
        [write.documentId],
      )
      if (rows.length === 0) return null
      if (write.baseVersion !== undefined && rows[0].version !== write.baseVersion) return null
      let clock = 0
      if (write.change) {
        const { update, projection } = write.change
        const inserted = await client.query(
          `insert into document_updates (document_id, data, user_id, origin) values ($1, $2, $3, 'api') returning id`,
          [write.documentId, bytes(update), write.userId],
        )
        clock = inserted.rows[0].id
        await client.query(
          `update documents set content = $2, plain_text = $3, word_count = $4, yjs_clock = $5, updated_by = $6,
            title = coalesce($7, title) where id = $1`,
          [
            write.documentId,
            projection.content,
            projection.plainText,
            projection.wordCount,
            clock,
            write.userId,
            write.title,
          ],
        )
      } else if (write.title !== undefined) {
        await client.query('update documents set title = $2, updated_by = $3 where id = $1', [
          write.documentId,
          write.title,
          write.userId,
        ])
      }
      return { clock }
    })
  }

  /**
   * Folds the tail into the checkpoint, from the rows and never from memory: an instance can have missed a row. `fold`
   * may take its time; appends go on meanwhile. Null where there was nothing to fold, or where `after` is given and there is
   * a later checkpoint than that: of several servers that want one, each would fold the few rows since the last one's.
   */
  async checkpoint(documentId: string, fold: Fold, after: number | null = null): Promise<Checkpoint | null> {
    return this.transaction(async (client) => {
      const { rows } = await client.query(
        `select yjs_state, doc_type, client_owners from documents where id = $1 and ($2::bigint is null or epoch <= $2)
          for no key update`,
        [documentId, after],
      )
      if (rows.length === 0) return null
      const { rows: tail } = await client.query(
        `with gone as (delete from document_updates where document_id = $1 returning id, data, user_id, origin)
          select * from gone order by id`,
        [documentId],
      )
      if (tail.length === 0) return null
      const clock = tail.at(-1).id
      const { state, owners, projection } = await fold({
        type: rows[0].doc_type,
        state: rows[0].yjs_state,
        owners: rows[0].client_owners,
        tail: tail.map(toUpdate),
      })
      const ids: number[] = tail.map((row) => row.id)
      const updated = await client.query(
        'update documents set yjs_state = $2, client_owners = $3, epoch = epoch + 1, folded_ids = $4 where id = $1 returning epoch',
        [documentId, bytes(state), owners, ids],
      )
      // Whatever was projected before is in the rows that were folded, though ids are not in commit order.
      if (projection) {
        await client.query(
          'update documents set content = $2, plain_text = $3, word_count = $4, yjs_clock = greatest(yjs_clock, $5) where id = $1',
          [documentId, projection.content, projection.plainText, projection.wordCount, clock],
        )
      }
      return { epoch: updated.rows[0].epoch, ids, bytes: state.byteLength }
    })
  }

  /** Documents with a tail that nobody has added to for a while: what a crash or a lost unload left. */
  async idleTails(olderThanSeconds: number, limit: number): Promise<string[]> {
    const { rows } = await this.pool.query(
      `select document_id from document_updates group by document_id
        having max(created_at) < now() - make_interval(secs => $1) order by min(id) limit $2`,
      [olderThanSeconds, limit],
    )
    return rows.map((row) => row.document_id)
  }

  /** False where PostgreSQL acknowledges commits that a crash can take back. */
  async commitsAreDurable(): Promise<boolean> {
    const { rows } = await this.pool.query('show synchronous_commit')
    return rows[0].synchronous_commit !== 'off'
  }

  async close(): Promise<void> {
    await Promise.all([this.pool, this.logPool, this.projectionPool].map((pool) => pool.end()))
  }

  private async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    let isBroken = true
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query('commit')
      isBroken = false
      return result
    } finally {
      // The transaction ends with its connection: one that died without a word would not answer to a rollback either.
      client.release(isBroken)
    }
  }
}

/** A checkpoint that was written: its number, the rows that went into it, and the size of its state. */
export type Checkpoint = { epoch: number; ids: number[]; bytes: number }

export type DocumentType = 'markdown' | 'mindmap'

/** Merges a checkpoint and its tail; see `documentTasks.fold`. */
export type Fold = (document: {
  type: DocumentType
  state: Uint8Array | null
  owners: ClientOwners
  tail: AuthoredRow[]
}) => Promise<{ state: Uint8Array; owners: ClientOwners; projection: Projection | null }>

async function hasUpdates(client: PoolClient, documentId: string): Promise<boolean> {
  const { rows } = await client.query('select from document_updates where document_id = $1 limit 1', [documentId])
  return rows.length > 0
}

const bytes = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
