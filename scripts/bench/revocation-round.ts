import { setTimeout as delay } from 'node:timers/promises'
import type { Person, TwoServers } from '../two-servers.ts'
import { DocumentClient, holds } from '../two-servers-client.ts'

/** A workspace with one document, its owner, and an editor. */
type Room = { owner: Person; member: Person; workspaceId: string; documentId: string }

/** A change of rights over REST; `concerns` says whose sockets it is about. */
type Change = {
  concerns: 'member' | 'everybody'
  /** The code that the sockets are closed with, or that they stay open for reading. */
  effect: number | 'readonly'
  make(servers: TwoServers, room: Room): Promise<unknown>
}

export const changes = {
  'member removed': {
    concerns: 'member',
    effect: 4403,
    make: (servers, { owner, member, workspaceId }) =>
      servers.request('DELETE', `/workspaces/${workspaceId}/members/${member.id}`, owner),
  },
  'role lowered': {
    concerns: 'member',
    effect: 'readonly',
    make: (servers, { owner: { token }, member, workspaceId }) =>
      servers.request('PATCH', `/workspaces/${workspaceId}/members/${member.id}`, { token, body: { role: 'viewer' } }),
  },
  logout: {
    concerns: 'member',
    effect: 4401,
    make: (servers, { member: { token } }) => servers.request('POST', '/auth/logout', { token }),
  },
  'account deleted': {
    concerns: 'member',
    effect: 4401,
    make: (servers, { member }) => servers.deleteAccount(member),
  },
  'document deleted': {
    concerns: 'everybody',
    effect: 4404,
    make: (servers, { owner: { token }, documentId }) =>
      servers.request('DELETE', `/documents/${documentId}`, { token }),
  },
  'workspace deleted': {
    concerns: 'everybody',
    effect: 4404,
    make: (servers, { owner: { token }, workspaceId }) =>
      servers.request('DELETE', `/workspaces/${workspaceId}`, { token }),
  },
} satisfies Record<string, Change>

/** Times are milliseconds after the REST answer, and below 0 before it. */
export type Round = {
  /** Of each socket concerned: until it was closed, or told that it may read only. */
  effectMs: number[]
  /** The last acknowledgement of an edit. */
  lastAcceptedMs: number
  /** Edits acknowledged more than a second after the answer. */
  acceptedLate: number
  /** Sockets that were closed and should not have been, and the reverse, and those closed with a wrong code. */
  wrong: string[]
}

const typingMs = 20
/** An edit that is accepted too late shows itself by then. */
const aftermathMs = 1_300

/** Lets a member and the owner into a document, both on both servers, and changes their rights while the member types. */
export async function revocationRound(
  servers: TwoServers,
  change: Change,
  { beforeChange = async () => {} }: { beforeChange?: () => Promise<void> } = {},
): Promise<Round> {
  const room = await openRoom(servers)
  const join = (person: Person): DocumentClient[] =>
    servers.collab.map(({ url }) => new DocumentClient(url, room.documentId, person.token))
  const members = join(room.member)
  const owners = join(room.owner)
  const all = [...members, ...owners]
  try {
    await Promise.all(all.map((client) => client.synced()))
    for (const member of members) member.typeEvery(typingMs)
    await holds('typing', () => members.every(({ acceptedAt }) => acceptedAt.length > 5))
    await beforeChange()
    await change.make(servers, room)
    const answeredAt = performance.now()
    const concerned = change.concerns === 'member' ? members : all
    const effectAt = ({ readOnlyAt, closedAt }: DocumentClient): number | null =>
      change.effect === 'readonly' ? readOnlyAt : closedAt
    await holds('the change', () => concerned.every((client) => effectAt(client) !== null))
    await delay(aftermathMs)
    const accepted = members.flatMap(({ acceptedAt }) => acceptedAt)
    return {
      effectMs: concerned.map((client) => Number(effectAt(client)) - answeredAt),
      lastAcceptedMs: Math.max(...accepted) - answeredAt,
      acceptedLate: accepted.filter((at) => at > answeredAt + 1_000).length,
      wrong: all.flatMap((client) => {
        const isConcerned = change.effect !== 'readonly' && concerned.includes(client)
        const expected = isConcerned ? change.effect : null
        return client.closeCode === expected ? [] : [`closed with ${client.closeCode}, not ${expected}`]
      }),
    }
  } finally {
    for (const client of all) client.close()
  }
}

/** Kills Redis, once both collab servers are known to hear announcements through it. */
export async function withoutRedis({ collab, redis }: TwoServers): Promise<void> {
  const isConnected = async (): Promise<boolean> => {
    const values = await Promise.all(collab.map((server) => server.metric('collab_redis_connected')))
    return values.every((value) => value === 1)
  }
  await holds('Redis', isConnected)
  await redis.kill()
}

export async function openRoom(servers: TwoServers): Promise<Room> {
  const [owner, member] = await Promise.all([servers.signUp('Owner'), servers.signUp('Member')])
  const workspaceId = await servers.createWorkspace(owner)
  await servers.addMember(workspaceId, member, 'editor')
  return { owner, member, workspaceId, documentId: await servers.createDocument(owner, workspaceId) }
}
