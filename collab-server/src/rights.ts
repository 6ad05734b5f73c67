import type { Pool, QueryConfig } from '@mdcreator/db/database'
import type { Role } from '@mdcreator/shared/roles'

/** What one person may do with one document; `role` is null for a stranger. */
export type Access = {
  role: Role | null
  user: { id: string; name: string; avatarUrl: string | null }
  /** Null where there is no such document, or it is deleted. */
  workspaceId: string | null
}

/** Whose rights are asked for: the subject and the session of a token. */
export type Question = { documentId: string; subject: string; sessionId: string | null }

type Pending = { question: Question; resolve: (access: Access | null) => void; reject: (error: Error) => void }

const maxBatch = 500

/** Reads rights from the database. Questions of the same moment are one query, so a thousand connects are a few. */
export class Rights {
  private readonly pool: Pool
  private pending: Pending[] = []

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** Null where the account is gone or its session has ended. */
  of(question: Question): Promise<Access | null> {
    return new Promise((resolve, reject) => {
      this.pending.push({ question, resolve, reject })
      if (this.pending.length === 1) setImmediate(() => this.flush())
    })
  }

  private flush(): void {
    while (this.pending.length > 0) void this.ask(this.pending.splice(0, maxBatch))
  }

  private async ask(batch: Pending[]): Promise<void> {
    try {
      const answers = await this.read(batch.map(({ question }) => question))
      batch.forEach(({ resolve }, i) => {
        resolve(answers[i] ?? null)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error as Error)
    }
  }

  private async read(questions: Question[]): Promise<(Access | null)[]> {
    const { rows } = await this.pool.query({
      name: 'rights',
      text: `select q.n, u.id, u.display_name, u.avatar_url, m.role, w.id as workspace_id
        from unnest($1::uuid[], $2::text[], $3::uuid[]) with ordinality q(document_id, subject, session_id, n)
        join users u on u.issuer = 'local' and u.subject = q.subject and u.deleted_at is null
        left join documents d on d.id = q.document_id and d.deleted_at is null
        left join workspaces w on w.id = d.workspace_id and w.deleted_at is null
        left join workspace_members m on m.workspace_id = w.id and m.user_id = u.id
        where q.session_id is null or exists (
          select from sessions s
          where s.id = q.session_id and s.user_id = u.id and s.revoked_at is null and s.expires_at > now())`,
      values: [
        questions.map(({ documentId }) => documentId),
        questions.map(({ subject }) => subject),
        questions.map(({ sessionId }) => sessionId),
      ],
      // Whoever was removed must not stay because a connection died without a word.
      query_timeout: 5_000,
    } as QueryConfig)
    const answers: (Access | null)[] = questions.map(() => null)
    for (const row of rows) {
      answers[row.n - 1] = {
        role: row.role,
        user: { id: row.id, name: row.display_name, avatarUrl: row.avatar_url },
        workspaceId: row.workspace_id,
      }
    }
    return answers
  }
}
