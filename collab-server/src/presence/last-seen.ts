import type { Pool } from '@mdcreator/db/database'
import type { Logger } from '@mdcreator/shared/log'

const everyMs = 5_000
/** What could not be written is tried again; more than this is forgotten. */
const maxPending = 50_000

/** Keeps the `presence` table: who was last in which document, and when. A few seconds behind, in one statement for all. */
export class LastSeen {
  private readonly pool: Pool
  private readonly log: Logger
  private pending = new Map<string, { documentId: string; userId: string; at: Date }>()
  private timer: NodeJS.Timeout | undefined

  constructor(pool: Pool, log: Logger) {
    this.pool = pool
    this.log = log
  }

  start(): void {
    this.timer = setInterval(() => void this.flush(), everyMs)
    this.timer.unref()
  }

  /** Writes what is pending. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.flush()
  }

  see(documentId: string, userId: string): void {
    if (this.pending.size < maxPending) {
      this.pending.set(`${documentId} ${userId}`, { documentId, userId, at: new Date() })
    }
  }

  private async flush(): Promise<void> {
    const seen = [...this.pending.values()]
    if (seen.length === 0) return
    this.pending = new Map()
    try {
      // Documents and people that are gone are passed over.
      await this.pool.query({
        name: 'last-seen',
        text: `insert into presence (document_id, user_id, last_seen_at)
          select d.id, u.id, s.at from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) s(document_id, user_id, at)
          join documents d on d.id = s.document_id join users u on u.id = s.user_id
          on conflict (document_id, user_id)
            do update set last_seen_at = greatest(presence.last_seen_at, excluded.last_seen_at)`,
        values: [seen.map(({ documentId }) => documentId), seen.map(({ userId }) => userId), seen.map(({ at }) => at)],
      })
    } catch (err) {
      this.log.warn({ err, people: seen.length }, 'who was seen last could not be written')
      for (const item of seen)
        if (!this.pending.has(`${item.documentId} ${item.userId}`)) this.see(item.documentId, item.userId)
    }
  }
}
