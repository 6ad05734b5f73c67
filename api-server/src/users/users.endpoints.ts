import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Logger } from '@mdcreator/shared/log'
import { announce } from '../announce.ts'
import { asCaller, toUser, User } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { problemTypes } from '../http/problem.ts'
import { deleteAccount, ownsWorkspaces, wrongPassword } from './deletion.ts'
import { getAccount, updateAccount } from './users.queries.ts'
import { UserDeletion, UserPatch } from './users.schema.ts'

export function userEndpoints({ db, bus, log }: { db: Database; bus: Bus; log: Logger }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/users/me',
      operationId: 'getMe',
      tag: 'Users',
      summary: 'Your profile',
      description: 'What your account holds. Others see the name and the picture only.',
      auth: 'bearer',
      scope: 'profile:read',
      response: User,
      handle: async ({ caller }) => ({
        body: toUser(await asCaller(db, caller, (trx) => getAccount(trx, caller.userId))),
      }),
    }),
    endpoint({
      method: 'patch',
      path: '/users/me',
      operationId: 'updateMe',
      tag: 'Users',
      summary: 'Change your name or picture',
      description: 'Open editors show the new name when they next connect.',
      auth: 'bearer',
      scope: 'profile:write',
      request: { body: UserPatch },
      response: User,
      handle: async ({ caller, body }) => ({
        body: toUser(await asCaller(db, caller, (trx) => updateAccount(trx, caller.userId, body))),
      }),
    }),
    endpoint({
      method: 'delete',
      path: '/users/me',
      operationId: 'deleteMe',
      tag: 'Users',
      summary: 'Delete your account',
      description:
        'What is personal is removed, and the e-mail may be used again; what you wrote stays in the workspaces of others. Workspaces that only you are in are deleted. Every session ends, and open editors are closed within a second.',
      auth: 'session',
      request: { body: UserDeletion },
      problems: [wrongPassword, ownsWorkspaces, problemTypes.busy],
      handle: async ({ caller, body }) => {
        await deleteAccount(db, caller, body.password)
        await announce(bus, log, { user_id: caller.userId })
        return {}
      },
    }),
  ]
}
