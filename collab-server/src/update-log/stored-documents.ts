import type { Pool } from '@mdcreator/db/database'
import { Batched } from './batched.ts'
import type { AuthoredRow, ClientOwners } from './client-owners.ts'

/**
 * A document as stored: apply `state`, then `tail`, in one transaction. `clock` is the highest id of all its rows, `epoch`
 * the number of the checkpoint; the rows that are visible in `snapshot` (of PostgreSQL) are all in it.
 */
export type StoredDocument = {
  state: Uint8Array | null
  /** Of what is in `state`. */
  owners: ClientOwners
  tail: StoredUpdate[]
  clock: number
  epoch: number
  snapshot: string
}
export type StoredUpdate = AuthoredRow & { id: number }

/** Few in one query: all of its documents are in memory at once, and the last one is waited for. */
const limits = { size: 16, inFlight: 4, apartMs: 10 }

export type UpdateRow = Omit<StoredUpdate, 'userId'> & { user_id: string | null }
export const toUpdate = ({ user_id: userId, id, data, origin }: UpdateRow): StoredUpdate => ({
  ...{ id, data, userId, origin },
})

type Checkpoint = {
  id: 0
  data: Uint8Array | null
  owners: ClientOwners
  epoch: number
  clock: number
  snapshot: string
}
type Row = { document_id: string } & (Checkpoint | UpdateRow)

/** Reads documents from the database: those that are opened at the same moment in one query. */
export class StoredDocuments {
  private readonly pool: Pool
  private readonly batched = new Batched((ids: string[]) => this.read(ids), limits)

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** The checkpoint and the tail, from one snapshot. Null where there is no such document. */
  load(documentId: string): Promise<StoredDocument | null> {
    return this.batched.ask(documentId)
  }

  private async read(ids: string[]): Promise<(StoredDocument | null)[]> {
    const { rows } = await this.pool.query<Row>({
      name: 'load',
      text: `select id as document_id, 0::bigint as id, yjs_state as data, null::uuid as user_id, null as origin, epoch,
          yjs_clock as clock, client_owners as owners, pg_current_snapshot()::text as snapshot
          from documents where id = any($1::uuid[]) and deleted_at is null
        union all select document_id, id, data, user_id, origin, null, null, null, null from document_updates
          where document_id = any($1::uuid[]) order by id`,
      values: [ids],
    })
    const byDocument = Map.groupBy(rows, (row) => row.document_id)
    return ids.map((id) => toDocument(byDocument.get(id) ?? []))
  }
}

function toDocument([checkpoint, ...tail]: Row[]): StoredDocument | null {
  if (!checkpoint || !isCheckpoint(checkpoint)) return null
  const { data: state, owners, epoch, clock, snapshot } = checkpoint
  const updates = (tail as UpdateRow[]).map(toUpdate)
  return { state, owners, tail: updates, clock: Math.max(clock, updates.at(-1)?.id ?? 0), epoch, snapshot }
}

const isCheckpoint = (row: Row): row is { document_id: string } & Checkpoint => row.id === 0
