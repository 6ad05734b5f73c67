import type { Pool, QueryConfig } from '@mdcreator/db/database'
import { type Action, can, type Role } from '@mdcreator/shared/roles'
import { type Scope, scopeOf } from '@mdcreator/shared/scopes'
import { Batched } from '../update-log/batched.ts'

/** What one person may do with one document; `role` is null for a stranger. */
export type Access = {
  role: Role | null
  /** What the personal access token is good for; null where it is not one that was shown. */
  scopes: readonly Scope[] | null
  user: { id: string; name: string; avatarUrl: string | null }
  /** Null where there is no such document, or it is deleted. */
  workspaceId: string | null
}

/** True where both the role and the token allow it. */
export function allows({ role, scopes }: Access, action: Action): boolean {
  const scope = scopeOf(action)
  return can(role, action) && (scopes === null || (scope !== null && scopes.includes(scope)))
}

/** Whose rights are asked for: the user, and the session or the personal access token. */
export type Question = { documentId: string; userId: string; sessionId: string | null; tokenId: string | null }

const limits = { size: 500, inFlight: 2, apartMs: 10 }

/** Reads rights from the database: those that are asked for at the same moment in one query. */
export class Rights {
  private readonly pool: Pool
  private readonly batched = new Batched((questions: Question[]) => this.read(questions), limits)

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** Null where the account is gone, its session has ended or its personal access token does not stand. */
  of(question: Question): Promise<Access | null> {
    return this.batched.ask(question)
  }

  private async read(questions: Question[]): Promise<(Access | null)[]> {
    const { rows } = await this.pool.query({
      name: 'rights',
      text: `select q.n, u.id, u.display_name, u.avatar_url, m.role, t.scopes, w.id as workspace_id
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) with ordinality q(document_id, user_id, session_id, token_id, n)
        join users u on u.id = q.user_id and u.deleted_at is null
        left join personal_access_tokens t
          on t.id = q.token_id and t.user_id = u.id and (t.expires_at is null or t.expires_at > now())
        left join documents d on d.id = q.document_id and d.deleted_at is null
        left join workspaces w on w.id = d.workspace_id and w.deleted_at is null
        left join workspace_members m on m.workspace_id = w.id and m.user_id = u.id
        where (q.token_id is null or t.id is not null) and (q.session_id is null or exists (
          select from sessions s
          where s.id = q.session_id and s.user_id = u.id and s.revoked_at is null and s.expires_at > now()))`,
      values: [
        questions.map(({ documentId }) => documentId),
        questions.map(({ userId }) => userId),
        questions.map(({ sessionId }) => sessionId),
        questions.map(({ tokenId }) => tokenId),
      ],
      // Whoever was removed must not stay because a connection died without a word.
      query_timeout: 5_000,
    } as QueryConfig)
    const answers: (Access | null)[] = questions.map(() => null)
    for (const row of rows) {
      answers[row.n - 1] = {
        role: row.role,
        scopes: row.scopes,
        user: { id: row.id, name: row.display_name, avatarUrl: row.avatar_url },
        workspaceId: row.workspace_id,
      }
    }
    return answers
  }
}
