import type { Pool, QueryConfig } from '@mdcreator/db/database'
import type { StoredUpdate } from './stored-documents.ts'

/** A connection that died without a word must not end the following. */
const timeoutMs = 5_000

/** What is known of a document's log after a look at it. */
export type LogNews = {
  documentId: string
  /** The number of the last checkpoint. */
  epoch: number
  /** Ids of the rows from the horizon on that are still in the log. */
  ids: number[]
}

export type LogRow = StoredUpdate & { documentId: string }

/** Reads what others have added to the log. */
export class LogReader {
  private readonly pool: Pool
  private hasBroken = false

  constructor(pool: Pool) {
    this.pool = pool
    pool.on('connect', (client) => {
      client.once('error', () => {
        this.hasBroken = true
      })
    })
  }

  /**
   * True where a connection has broken since the last call: the database may have crashed. It then gives out once more the
   * ids of transactions of which its own log has no trace, so what was seen of transaction ids until then says nothing of
   * rows that come now.
   */
  takeBreak(): boolean {
    const { hasBroken } = this
    this.hasBroken = false
    return hasBroken
  }

  /**
   * Looks at the logs of many documents in one statement, from one snapshot. `horizon` is where the next look must
   * begin: whatever is committed later has a transaction id from there on (ids of rows would not do: they are not in
   * commit order). Documents that are gone are missing from `news`.
   */
  async look(documents: { id: string; horizon: string }[]): Promise<{ news: LogNews[]; horizon: string }> {
    const query = {
      name: 'look',
      text: `select pg_snapshot_xmin(pg_current_snapshot())::text as horizon, d.id, d.epoch,
          (select json_agg(u.id) from document_updates u where u.document_id = d.id and u.txid >= o.horizon::xid8) as ids
        from (select) one
        left join (unnest($1::uuid[], $2::text[]) o(id, horizon) join documents d on d.id = o.id) on true`,
      values: [documents.map(({ id }) => id), documents.map(({ horizon }) => horizon)],
      query_timeout: timeoutMs,
    } as QueryConfig
    const { rows } = await this.pool.query(query).catch((error: unknown) => {
      this.hasBroken = true
      throw error
    })
    const news = rows.flatMap(({ id, epoch, ids }) => (id ? [{ documentId: id, epoch, ids: ids ?? [] }] : []))
    return { news, horizon: rows[0].horizon }
  }

  /** The rows with these ids that are still in the log, in the order of their ids. */
  async rows(ids: number[]): Promise<LogRow[]> {
    const { rows } = await this.pool.query({
      name: 'rows',
      text: 'select id, document_id, data, user_id, origin from document_updates where id = any($1::bigint[]) order by id',
      values: [ids],
      query_timeout: timeoutMs,
    } as QueryConfig)
    return rows.map(({ id, document_id, data, user_id, origin }) => ({
      ...{ id, data, origin, userId: user_id, documentId: document_id },
    }))
  }

  /** The rows that the last checkpoint folded. Null where the document is gone. */
  async lastCheckpoint(documentId: string): Promise<{ epoch: number; ids: number[]; bytes: number } | null> {
    const { rows } = await this.pool.query({
      name: 'last-checkpoint',
      text: `select epoch, array_to_json(folded_ids) as ids, octet_length(yjs_state) as bytes from documents where id = $1`,
      values: [documentId],
      query_timeout: timeoutMs,
    } as QueryConfig)
    return rows[0] ? { epoch: rows[0].epoch, ids: rows[0].ids, bytes: rows[0].bytes ?? 0 } : null
  }
}
