import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Logger } from '@mdcreator/shared/log'
import { announce } from '../announce.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { notFound, unauthenticated } from '../http/problem.ts'
import { revokeSession } from './auth.queries.ts'
import { SessionPage, SessionPath } from './auth.schema.ts'
import { asCaller } from './caller.queries.ts'
import { endOwnSession, listSessions } from './sessions.queries.ts'

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors }

/** Whoever the issuer is, sessions are ours: a token of one that has ended opens nothing. */
export function sessionEndpoints({ db, bus, log, cursors }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/auth/logout',
      operationId: 'logout',
      tag: 'Auth',
      summary: 'End the session',
      description:
        'Its access token and its refresh token stop working at once; open editors are closed within a second.',
      auth: 'session',
      handle: async ({ caller }) => {
        if (!(await revokeSession(db, caller.userId, caller.sessionId))) throw unauthenticated('invalid')
        await announce(bus, log, { session_id: caller.sessionId, user_id: caller.userId })
        return {}
      },
    }),
    endpoint({
      method: 'get',
      path: '/auth/sessions',
      operationId: 'listSessions',
      tag: 'Auth',
      summary: 'Where you are signed in',
      description: 'Your sessions that are good, the newest first.',
      auth: 'session',
      request: { query: PageQuery },
      response: SessionPage,
      handle: async ({ caller, query: { limit, cursor } }) => {
        const after = (await cursors.open(listName, cursor))?.[0]
        const rows = await asCaller(db, caller, (trx) => listSessions(trx, { limit: limit + 1, after }))
        const { items, next_cursor } = await cursors.page(listName, rows, limit, (row) => [row.id])
        return {
          body: {
            items: items.map(({ created_at, refreshed_at, expires_at, ...row }) => ({
              ...row,
              created_at: created_at.toISOString(),
              refreshed_at: refreshed_at.toISOString(),
              expires_at: expires_at.toISOString(),
              current: row.id === caller.sessionId,
            })),
            next_cursor,
          },
        }
      },
    }),
    endpoint({
      method: 'delete',
      path: '/auth/sessions/{session_id}',
      operationId: 'endSession',
      tag: 'Auth',
      summary: 'Sign a device out',
      description: 'Its tokens stop working at once; its open editors are closed within a second.',
      auth: 'session',
      request: { params: SessionPath },
      handle: async ({ caller, params }) => {
        const isEnded = await asCaller(db, caller, (trx) => endOwnSession(trx, caller.userId, params.session_id))
        if (!isEnded) throw notFound()
        await announce(bus, log, { session_id: params.session_id, user_id: caller.userId })
        return {}
      },
    }),
  ]
}

const listName = 'sessions'
