import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { newId } from '@mdcreator/shared/ids'
import type { Logger } from '@mdcreator/shared/log'
import { newPersonalToken } from '@mdcreator/shared/personal-token'
import { hashOfSecret } from '@mdcreator/shared/secret'
import { z } from 'zod'
import { announce } from '../announce.ts'
import { audit } from '../audit/index.ts'
import { asCaller } from '../auth/index.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { type Cursors, PageQuery } from '../http/page.ts'
import { notFound, Problem, type ProblemType } from '../http/problem.ts'
import { WireId } from '../http/schema.ts'
import { deleteToken, insertToken, listTokens, type TokenRow } from './personal-access-tokens.queries.ts'
import {
  CreatedPersonalAccessToken,
  NewPersonalAccessToken,
  type PersonalAccessToken,
  PersonalAccessTokenPage,
} from './personal-access-tokens.schema.ts'

/** Of one user, those that have expired included. */
const maxTokens = 50
const tooManyTokens: ProblemType = { slug: 'too-many-tokens', status: 409, title: 'You have too many access tokens' }

const tag = 'Personal access tokens'

type Deps = { db: Database; bus: Bus; log: Logger; cursors: Cursors }

export function personalAccessTokenEndpoints({ db, bus, log, cursors }: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/personal-access-tokens',
      operationId: 'createPersonalAccessToken',
      tag,
      summary: 'Make a personal access token',
      description: `For programs: it is sent like an access token, and does what its scopes and your role allow, until it expires or is revoked. It opens documents' sockets too: with \`documents:read\` to read, with \`documents:write\` besides to write. At most ${maxTokens} for each user.`,
      auth: 'session',
      request: { body: NewPersonalAccessToken },
      status: 201,
      response: CreatedPersonalAccessToken,
      problems: [tooManyTokens],
      cacheControl: 'no-store',
      handle: async ({ caller, body }) => {
        const token = newPersonalToken()
        const row = {
          id: newId(),
          user_id: caller.userId,
          name: body.name,
          token_hash: hashOfSecret(token),
          last_four: token.slice(-4),
          scopes: body.scopes,
          expires_at: body.expires_at ?? null,
        }
        const made = await asCaller(db, caller, async (trx) => {
          const inserted = await insertToken(trx, row, maxTokens)
          if (inserted)
            await audit(trx, { action: 'access_token.created', target: { type: 'access_token', id: row.id } })
          return inserted
        })
        if (!made) throw new Problem(tooManyTokens, `Revoke one first: nobody has more than ${maxTokens}`)
        return { body: { ...toWire(made), token } }
      },
    }),
    endpoint({
      method: 'get',
      path: '/personal-access-tokens',
      operationId: 'listPersonalAccessTokens',
      tag,
      summary: 'Your personal access tokens',
      description: 'The newest first; the secrets are not among it.',
      auth: 'session',
      request: { query: PageQuery },
      response: PersonalAccessTokenPage,
      handle: async ({ caller, query }) => {
        const list = `tokens:${caller.userId}`
        const after = await cursors.open(list, query.cursor)
        const page = { after, limit: query.limit + 1 }
        const rows = await asCaller(db, caller, (trx) => listTokens(trx, caller.userId, page))
        const { items, next_cursor } = await cursors.page(list, rows, query.limit, (row) => [row.sort_key, row.id])
        return { body: { items: items.map(toWire), next_cursor } }
      },
    }),
    endpoint({
      method: 'delete',
      path: '/personal-access-tokens/{token_id}',
      operationId: 'revokePersonalAccessToken',
      tag,
      summary: 'Revoke a personal access token',
      description: 'It stops working at once; sockets that it opened are closed within a second.',
      auth: 'session',
      request: { params: z.object({ token_id: WireId }) },
      handle: async ({ caller, params }) => {
        await asCaller(db, caller, async (trx) => {
          if (!(await deleteToken(trx, caller.userId, params.token_id))) throw notFound()
          await audit(trx, { action: 'access_token.revoked', target: { type: 'access_token', id: params.token_id } })
        })
        await announce(bus, log, { user_id: caller.userId })
        return {}
      },
    }),
  ]
}

function toWire(row: TokenRow): PersonalAccessToken {
  const { id, name, scopes, last_four } = row
  return {
    ...{ id, name, last_four, scopes: scopes as PersonalAccessToken['scopes'] },
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}
