import type { Database } from '@mdcreator/db/database'
import { asCaller, toUser, User } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { getAccount, updateAccount } from './users.queries.ts'
import { UserPatch } from './users.schema.ts'

export function userEndpoints({ db }: { db: Database }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/users/me',
      operationId: 'getMe',
      tag: 'Users',
      summary: 'Your profile',
      auth: 'bearer',
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
      auth: 'bearer',
      request: { body: UserPatch },
      response: User,
      handle: async ({ caller, body }) => ({
        body: toUser(await asCaller(db, caller, (trx) => updateAccount(trx, caller.userId, body))),
      }),
    }),
  ]
}
