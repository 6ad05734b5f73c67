import { z } from 'zod'
import { PresentPerson } from '../bus/messages.ts'

/** How long a word of a cursor or of typing holds, in milliseconds. */
const cursorMs = 30_000
const typingMs = 10_000

/** What is known of one connection. Times are milliseconds since 1970. */
export const PresenceEntry = z.object({
  user: PresentPerson.shape.user,
  since: z.number().min(0).max(8.64e15),
  cursor: z.unknown(),
  cursor_at: z.number(),
  /** When it last said that it types; 0 where it does not. */
  typing_at: z.number(),
})
export type PresenceEntry = z.output<typeof PresenceEntry>

/** The people behind connections: each once, who came first at the top. */
export function toPeople(entries: Iterable<PresenceEntry>, now: number): PresentPerson[] {
  const byUser = Map.groupBy(entries, ({ user }) => user.id)
  return [...byUser.values()].map((connections) => toPerson(connections, now)).sort(byArrival)
}

function toPerson(entries: PresenceEntry[], now: number): PresentPerson {
  const connections = entries.toSorted((a, b) => a.since - b.since)
  const [first, last] = [connections[0], connections.at(-1)] as [PresenceEntry, PresenceEntry]
  const cursors = connections.filter(({ cursor, cursor_at: at }) => cursor !== null && now - at < cursorMs)
  return {
    // What was said of the person last.
    user: last.user,
    since: new Date(first.since).toISOString(),
    connections: connections.length,
    typing: connections.some(({ typing_at: at }) => now - at < typingMs),
    cursor: cursors.sort((a, b) => b.cursor_at - a.cursor_at)[0]?.cursor ?? null,
  }
}

const byArrival = (a: PresentPerson, b: PresentPerson): number =>
  a.since === b.since ? (a.user.id < b.user.id ? -1 : 1) : a.since < b.since ? -1 : 1
