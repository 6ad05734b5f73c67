import type { DB } from '@mdcreator/db/database'
import { sql, type Transaction } from 'kysely'
import { audit } from '../audit/index.ts'
import { type Account, accountColumns } from '../auth/index.ts'

export function getAccount(trx: Transaction<DB>, id: string): Promise<Account> {
  return trx.selectFrom('users').select(accountColumns).where('id', '=', id).executeTakeFirstOrThrow()
}

export type AccountChange = { display_name?: string | undefined; avatar_url?: string | null | undefined }

export function updateAccount(trx: Transaction<DB>, id: string, change: AccountChange): Promise<Account> {
  return trx.updateTable('users').set(change).where('id', '=', id).returning(accountColumns).executeTakeFirstOrThrow()
}

export type OwnedWorkspace = { id: string; name: string; hasOthers: boolean }

/** The user's own living workspaces, the oldest first. */
export function listOwnedWorkspaces(trx: Transaction<DB>, userId: string): Promise<OwnedWorkspace[]> {
  return trx
    .selectFrom('workspaces as w')
    .innerJoin('workspace_members as m', 'm.workspace_id', 'w.id')
    .select(['w.id', 'w.name'])
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom('workspace_members as other')
          .select('other.user_id')
          .whereRef('other.workspace_id', '=', 'w.id')
          .where('other.user_id', '!=', userId),
      )
        .$castTo<boolean>()
        .as('hasOthers'),
    )
    .where('m.user_id', '=', userId)
    .where('m.role', '=', 'owner')
    .where('w.deleted_at', 'is', null)
    .orderBy('w.created_at')
    .execute()
}

/** Leaves the workspaces of others. */
export async function leaveWorkspaces(trx: Transaction<DB>, userId: string): Promise<void> {
  const left = await trx
    .deleteFrom('workspace_members')
    .where('user_id', '=', userId)
    .where('role', '!=', 'owner')
    .returning(['workspace_id', 'role'])
    .execute()
  for (const { workspace_id: workspaceId, role } of left) {
    await audit(trx, { action: 'member.left', workspaceId, target: { type: 'user', id: userId }, details: { role } })
  }
}

/** Deletes the user's own workspaces, and forgets where the user was. */
export async function deleteTraces(trx: Transaction<DB>, userId: string): Promise<void> {
  const owned = (await listOwnedWorkspaces(trx, userId)).map(({ id }) => id)
  if (owned.length > 0) {
    await trx.updateTable('workspaces').set({ deleted_at: sql<Date>`now()` }).where('id', 'in', owned).execute()
    for (const id of owned) {
      await audit(trx, { action: 'workspace.deleted', workspaceId: id, target: { type: 'workspace', id } })
    }
  }
  await trx.deleteFrom('presence').where('user_id', '=', userId).execute()
}
