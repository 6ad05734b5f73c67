import { randomBytes } from 'node:crypto'
import { newId } from '@mdcreator/shared/ids'
import { type Role, roles } from '@mdcreator/shared/roles'
import { hashOfSecret, newSecret } from '@mdcreator/shared/secret'
import type { Endpoint } from './http/endpoint.ts'
import { type Json, signUp, type TestApi, type TestUser } from './testing.ts'

// For tests only: a request for every endpoint, at objects that are really there.

/** A workspace with a member of each role, and one more, whom things are done to. */
export type World = {
  workspaceId: string
  ids: Record<string, string>
  /** What stands in the workspace and nowhere else. */
  canaries: string[]
}

export type People = Record<Role, TestUser> & { target: TestUser }

export async function makePeople(api: TestApi, name = ''): Promise<People> {
  const names = [...roles, 'target'] as const
  const users = await Promise.all(names.map((role) => signUp(api, `${name}${role}`)))
  return Object.fromEntries(names.map((role, i) => [role, users[i]])) as People
}

/** Past the API, because there is one for each request: what is deleted by one must be there for the next. */
export async function makeWorld(api: TestApi, people: People, invited: string): Promise<World> {
  const [workspaceId, documentId, invitationId, token] = [newId(), newId(), newId(), newSecret()]
  // Or the owner would soon have invited too often today.
  const longAgo = new Date(Date.now() - 48 * 3600 * 1000)
  const canary = (what: string) => `canary-${what}-${workspaceId.slice(-12)}`
  // At once: no workspace is without an owner when a transaction ends.
  await api.owner.transaction().execute(async (owner) => {
    await owner
      .insertInto('workspaces')
      .values({ id: workspaceId, name: canary('workspace'), created_by: people.owner.id })
      .execute()
    const members = [
      ...roles.map((role) => ({ role, user_id: people[role].id })),
      { role: 'viewer' as const, user_id: people.target.id },
    ]
    await owner
      .insertInto('workspace_members')
      .values(members.map((member) => ({ ...member, workspace_id: workspaceId })))
      .execute()
    await owner
      .insertInto('documents')
      .values({
        id: documentId,
        workspace_id: workspaceId,
        title: canary('title'),
        content: canary('content'),
        plain_text: canary('content'),
        created_by: people.owner.id,
      })
      .execute()
    await owner
      .insertInto('invitations')
      .values([
        {
          id: invitationId,
          workspace_id: workspaceId,
          email: `${canary('invited')}@example.com`,
          role: 'viewer',
          token_hash: randomBytes(32),
          invited_by: people.owner.id,
          created_at: longAgo,
        },
        {
          id: newId(),
          workspace_id: workspaceId,
          email: invited,
          role: 'viewer',
          token_hash: hashOfSecret(token),
          invited_by: people.owner.id,
          created_at: longAgo,
        },
      ])
      .execute()
  })
  return {
    workspaceId,
    ids: {
      workspace_id: workspaceId,
      document_id: documentId,
      invitation_id: invitationId,
      user_id: people.target.id,
      token,
      token_id: newId(),
      session_id: newId(),
    },
    canaries: ['workspace', 'title', 'content', 'invited'].map(canary),
  }
}

/** The endpoint's path with a value for each parameter; undefined where one is not known. */
export function fillPath({ path }: Pick<Endpoint, 'path'>, ids: Record<string, string>): string | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  if (names.some((name) => ids[name] === undefined)) return undefined
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''))
  return filled.startsWith('/api/v1') ? filled.slice('/api/v1'.length) : `/${filled}`
}

/** The body that the document gives as an example, with the ids of what is there. */
export function exampleBody(document: Json, item: Endpoint, ids: Record<string, string>): Json {
  const body = document.paths[item.path][item.method].requestBody?.content['application/json']?.example
  if (body === undefined) return undefined
  const known = Object.entries(body).map(([name, value]) => [name, ids[name] ?? value])
  // One's own id is good once.
  return Object.fromEntries(known.filter(([name]) => name !== 'id'))
}
