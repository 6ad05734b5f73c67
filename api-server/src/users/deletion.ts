import type { Database } from '@mdcreator/db/database'
import { audit } from '../audit/index.ts'
import { asCaller, closeAccount, findPasswordHash, verifyPassword } from '../auth/index.ts'
import type { Caller } from '../http/authenticate.ts'
import { Problem, type ProblemType } from '../http/problem.ts'
import { deleteTraces, leaveWorkspaces, listOwnedWorkspaces } from './users.queries.ts'
import { OwnedWorkspaces } from './users.schema.ts'

/** Not 401: the token is good, and a client must not refresh it and try again. */
export const wrongPassword: ProblemType = { slug: 'wrong-password', status: 403, title: 'The password is wrong' }
export const ownsWorkspaces: ProblemType = {
  slug: 'owns-workspaces',
  status: 409,
  title: 'Others depend on your workspaces',
  members: OwnedWorkspaces,
}

/**
 * Deletes the caller's account, with the workspaces that nobody else is in.
 * @throws Problem 403 where the password is not right, 409 while others are in a workspace of the caller's
 */
export async function deleteAccount(db: Database, caller: Caller, password: string | undefined): Promise<void> {
  // First of all, so that an ended session cannot be used to guess the password.
  await asCaller(db, caller, (trx) => refuseOwner(trx, caller))
  const hash = await findPasswordHash(db, caller.userId)
  const refused = new Problem(wrongPassword, 'Send the password of your account')
  if (hash !== null && !(await verifyPassword(password ?? '', hash))) throw refused
  await asCaller(db, caller, async (trx) => {
    await leaveWorkspaces(trx, caller.userId)
    // Only now: nobody can hand over a workspace to somebody who has left it.
    await refuseOwner(trx, caller)
    await audit(trx, { action: 'account.deleted', target: { type: 'user', id: caller.userId } })
    await deleteTraces(trx, caller.userId)
    if (!(await closeAccount(trx, { id: caller.userId, password_hash: hash }))) throw refused
  })
}

async function refuseOwner(trx: Parameters<typeof listOwnedWorkspaces>[0], { userId }: Caller): Promise<void> {
  const shared = (await listOwnedWorkspaces(trx, userId)).filter(({ hasOthers }) => hasOthers)
  if (shared.length === 0) return
  throw new Problem(ownsWorkspaces, 'Hand these workspaces over, remove their other members, or delete them first', {
    members: { workspaces: shared.map(({ id, name }) => ({ id, name })) },
  })
}
