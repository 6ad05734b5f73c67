import type { DB } from '@mdcreator/db/database'
import { requestContext } from '@mdcreator/shared/log'
import type { Transaction } from 'kysely'
import type { Key } from '../http/page.ts'
import type { AuditAction } from './actions.ts'

export type AuditEntry = {
  action: AuditAction
  /** The administrators of this workspace can read the entry; without one, nobody can through the API. */
  workspaceId?: string
  /** What it happened to. */
  target?: { type: 'user' | 'session' | 'workspace' | 'document' | 'invitation' | 'access_token'; id: string }
  /** Whatever else matters, at most 4 KiB of JSON. Never a secret, nor what somebody wrote. */
  details?: Record<string, string | number | boolean | null>
  /**
   * Only where no user is set in the transaction, that is under `asAuthenticator`: whose sign-in it is, or null where
   * that is not known. Elsewhere the database writes down the transaction's user, and takes no other.
   */
  actorId?: string | null
}

/**
 * Writes down what happens, in the transaction in which it happens: there is no effect without its entry, and no entry
 * without its effect. From where, and in which request, is taken from the request's context.
 */
export async function audit(trx: Transaction<DB>, entry: AuditEntry): Promise<void> {
  const { requestId, client } = requestContext.getStore() ?? {}
  await trx
    .insertInto('audit_log')
    .values({
      action: entry.action,
      workspace_id: entry.workspaceId ?? null,
      target_type: entry.target?.type ?? null,
      target_id: entry.target?.id ?? null,
      network: client?.network ?? null,
      user_agent: client?.userAgent ?? null,
      request_id: requestId ?? null,
      details: JSON.stringify(entry.details ?? {}),
      ...(entry.actorId !== undefined && { actor_id: entry.actorId }),
    })
    .execute()
}

export type AuditRow = Awaited<ReturnType<typeof listAuditEntries>>[number]

/** The newest first. */
export function listAuditEntries(
  trx: Transaction<DB>,
  workspaceId: string,
  page: { after: Key | undefined; limit: number },
) {
  let query = trx.selectFrom('audit_log').selectAll().where('workspace_id', '=', workspaceId)
  if (page.after) query = query.where('id', '<', Number(page.after[0]))
  return query.orderBy('id', 'desc').limit(page.limit).execute()
}
