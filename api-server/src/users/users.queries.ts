import type { DB } from '@mdcreator/db/database'
import type { Transaction } from 'kysely'
import { type Account, accountColumns } from '../auth/index.ts'

export function getAccount(trx: Transaction<DB>, id: string): Promise<Account> {
  return trx.selectFrom('users').select(accountColumns).where('id', '=', id).executeTakeFirstOrThrow()
}

export type AccountChange = { display_name?: string | undefined; avatar_url?: string | null | undefined }

export function updateAccount(trx: Transaction<DB>, id: string, change: AccountChange): Promise<Account> {
  return trx.updateTable('users').set(change).where('id', '=', id).returning(accountColumns).executeTakeFirstOrThrow()
}
