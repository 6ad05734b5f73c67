import type { Pool, QueryConfig } from '@mdcreator/db/database'
import { seesNothing } from './log-position.ts'
import type { StoredUpdate } from './stored-documents.ts'

/** A connection that died without a word must not end the following. */
const timeoutMs = 5_000
/** Rows that are read in one statement. */
const rowsAtOnce = 2_000
/** Logs that are looked at from their beginning in one statement: each may have some thousands of rows. */
const wholeLogs = 20

/** What is known of a document's log after a look at it. */
export type LogNews = {
  documentId: string
  /** The number of the last checkpoint. */
  epoch: number
  /** Ids of the rows that the snapshot before did not show and that are still in the log. */
  ids: number[]
  /** What this look has seen. */
  snapshot: string
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
   * Looks at the logs of many documents for rows that `snapshot`, which the look before gave, does not show (ids of rows
   * would not do: they are not in commit order). What is not new costs nothing, however long other transactions are under
   * way. Documents that are gone are missing.
   */
  async look(documents: { id: string; snapshot: string }[]): Promise<LogNews[]> {
    const whole = documents.filter(({ snapshot }) => snapshot === seesNothing)
    const news = await this.lookAt(documents.filter(({ snapshot }) => snapshot !== seesNothing))
    while (whole.length > 0) news.push(...(await this.lookAt(whole.splice(0, wholeLogs))))
    return news
  }

  /** In one statement, and so from one snapshot, which comes in a row of its own. */
  private async lookAt(documents: { id: string; snapshot: string }[]): Promise<LogNews[]> {
    if (documents.length === 0) return []
    const snapshots = [...new Set(documents.map(({ snapshot }) => snapshot))]
    const query = {
      name: 'look',
      // Each part reads no more than it gives, whatever PostgreSQL believes to know of the table.
      text: `select pg_current_snapshot()::text as snapshot, null::uuid as id, null::bigint as epoch, null::json as ids
        union all select null, d.id, d.epoch, (select json_agg(new.id) from (
            select u.id from document_updates u where u.document_id = d.id and u.txid >= pg_snapshot_xmax(o.seen)
            union all select late.id from pg_snapshot_xip(o.seen) xip, lateral (
              select u.id from document_updates u where u.document_id = d.id and u.txid = xip offset 0) late) new)
          from (select id, ($3::pg_snapshot[])[n] as seen from unnest($1::uuid[], $2::int[]) v(id, n)) o
          join documents d on d.id = o.id`,
      values: [
        documents.map(({ id }) => id),
        documents.map(({ snapshot }) => snapshots.indexOf(snapshot) + 1),
        snapshots,
      ],
      query_timeout: timeoutMs,
    } as QueryConfig
    const { rows } = await this.pool.query(query).catch((error: unknown) => {
      this.hasBroken = true
      throw error
    })
    const { snapshot } = rows.find(({ id }) => id === null)
    return rows.flatMap(({ id, epoch, ids }) => (id ? [{ documentId: id, epoch, ids: ids ?? [], snapshot }] : []))
  }

  /** The rows with these ids that are still in the log, in the order of their ids. */
  async rows(ids: number[]): Promise<LogRow[]> {
    const sorted = ids.toSorted((a, b) => a - b)
    const rows: LogRow[] = []
    for (let from = 0; from < sorted.length; from += rowsAtOnce) {
      rows.push(...(await this.someRows(sorted.slice(from, from + rowsAtOnce))))
    }
    return rows
  }

  private async someRows(ids: number[]): Promise<LogRow[]> {
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
