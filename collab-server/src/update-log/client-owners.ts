import * as Y from 'yjs'

/** Owns the Yjs clients that the server itself writes as: no user may use them. */
export const server = 'server'

/** Whose Yjs clients are: the clients of each user, and of the server. */
export type ClientOwners = Record<string, number[]>

/** A row of the log, as far as it says who wrote what. */
export type AuthoredRow = { data: Uint8Array; userId: string | null; origin: 'client' | 'api' | 'seed' }

/** Calls `each` with every Yjs client that wrote something in the row, and whose it is. */
export function eachOwner({ data, userId, origin }: AuthoredRow, each: (client: number, owner: string) => void): void {
  const owner = (origin === 'client' && userId) || server
  for (const client of Y.parseUpdateMeta(data).from.keys()) each(client, owner)
}

/** Those that were known, and those of the rows. A client stays with its first owner. */
export function withOwnersOf(rows: AuthoredRow[], known: ClientOwners): ClientOwners {
  const owners = new Map(Object.entries(known).map(([owner, clients]) => [owner, [...clients]]))
  const taken = new Set(Object.values(known).flat())
  for (const row of rows) {
    eachOwner(row, (client, owner) => {
      if (taken.has(client)) return
      taken.add(client)
      const clients = owners.get(owner)
      if (clients) clients.push(client)
      else owners.set(owner, [client])
    })
  }
  return Object.fromEntries(owners)
}
