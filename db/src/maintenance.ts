import { type RawBuilder, sql } from 'kysely'
import { asJob } from './as-user.ts'
import type { Database } from './database.ts'

// What keeps the database small and its sums current. Every step is bounded, may run on several servers at once, and
// does no harm when it runs twice.

const batchRows = 1_000
const maxBatches = 100

type Retention = { table: string; key: string[]; expired: RawBuilder<boolean> }

/** How long rows are kept that are of use for a while. The one list of them: a new table adds its line. */
const retention: Retention[] = [
  // A client that was away for longer starts again.
  { table: 'sync_log', key: ['seq'], expired: sql`created_at < now() - interval '30 days'` },
  // A client that edited for longer without a word gets a conflict, unless its base is a version too.
  {
    table: 'document_bases',
    key: ['document_id', 'content_hash'],
    expired: sql`handed_out_at < now() - interval '7 days'`,
  },
  { table: 'client_mutations', key: ['user_id', 'device_id'], expired: sql`updated_at < now() - interval '180 days'` },
  // Longer than a client may repeat a request.
  { table: 'idempotency_keys', key: ['user_id', 'key'], expired: sql`created_at < now() - interval '24 hours'` },
  { table: 'audit_log', key: ['id'], expired: sql`at < now() - interval '365 days'` },
  // A used authorization code that is shown again within its day ends the session that it gave.
  { table: 'authorization_codes', key: ['code_hash'], expired: sql`expires_at < now() - interval '1 day'` },
  { table: 'email_codes', key: ['email', 'purpose'], expired: sql`expires_at < now() - interval '1 day'` },
  { table: 'document_tickets', key: ['ticket_hash'], expired: sql`expires_at < now()` },
  // Longer than another issuer's tokens live: a session that was ended is known to have been.
  {
    table: 'sessions',
    key: ['id'],
    expired: sql`expires_at < now() - interval '90 days' or revoked_at < now() - interval '90 days'`,
  },
  // usage_days keeps the sums.
  { table: 'usage_metrics', key: ['id'], expired: sql`created_at < now() - interval '90 days'` },
]

/** How many rows each step deleted or wrote. */
export type MaintenanceReport = Record<string, number>

/** All that is to be done now and then. */
export async function maintain(db: Database): Promise<MaintenanceReport> {
  const report: MaintenanceReport = { usage_days: await sumUsage(db), superseded: await deleteSuperseded(db) }
  for (const rows of retention) report[rows.table] = await deleteExpired(db, rows)
  await asJob(db, (trx) => sql`select refresh_workspace_statistics()`.execute(trx))
  return report
}

/** Reads the words of documents that changed, for search. Returns how many: `limit` where more are due. */
export async function indexDocuments(db: Database, limit = 1_000): Promise<number> {
  for (let count = 0; count < limit; count++) {
    const { rows } = await asJob(db, (trx) => sql<{ done: boolean }>`select index_next_document() as done`.execute(trx))
    if (!rows[0]?.done) return count
  }
  return limit
}

function deleteExpired(db: Database, { table, key, expired }: Retention): Promise<number> {
  const [name, columns] = [sql.table(table), sql.join(key.map((column) => sql.ref(column)))]
  return inBatches(
    db,
    sql`delete from ${name} where (${columns}) in (select ${columns} from ${name} where ${expired} limit ${batchRows})`,
  )
}

/** Of the changes of one row, only the last matters to anybody: see docs/adr/0010-the-change-feed.md. */
function deleteSuperseded(db: Database): Promise<number> {
  return inBatches(
    db,
    sql`delete from sync_log where seq = any (array(
    select seq from (
      select seq, row_number() over (partition by entity, entity_id, workspace_id, audience order by txid desc, seq desc) as n
      from sync_log
      where seq > (select max(seq) - 100000 from sync_log) and created_at < now() - interval '1 minute'
        and txid < pg_snapshot_xmin(pg_current_snapshot())
    ) changes where n > 1 limit ${batchRows}))`,
  )
}

async function inBatches(db: Database, statement: RawBuilder<unknown>): Promise<number> {
  let total = 0
  for (let batch = 0; batch < maxBatches; batch++) {
    const { numAffectedRows } = await asJob(db, (trx) => statement.execute(trx))
    total += Number(numAffectedRows)
    if (numAffectedRows !== BigInt(batchRows)) break
  }
  return total
}

/** Past days since the last that was summed, and the three before it once more: calls that were late to end. */
async function sumUsage(db: Database): Promise<number> {
  const { numAffectedRows } = await asJob(db, (trx) =>
    sql`insert into usage_days
      select (created_at at time zone 'UTC')::date, user_id, workspace_id, kind, provider, model, key_owner,
        count(*), count(*) filter (where status in ('failed', 'aborted')), sum(input_tokens), sum(output_tokens)
      from usage_metrics
      where created_at >= (select coalesce(max(day) - 3, '2000-01-01') from usage_days)::timestamp at time zone 'UTC'
        and created_at < date_trunc('day', now(), 'UTC')
      group by 1, 2, 3, 4, 5, 6, 7
      on conflict (user_id, day, workspace_id, kind, provider, model, key_owner) do update set
        calls = excluded.calls, failed = excluded.failed,
        input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens`.execute(trx),
  )
  return Number(numAffectedRows)
}
