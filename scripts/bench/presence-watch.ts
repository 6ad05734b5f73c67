import type { Person, TwoServers } from '../two-servers.ts'
import { type DocumentClient, holds } from '../two-servers-client.ts'

/** How soon, in milliseconds, somebody was gone for those who stayed. */
export type Departure = {
  /** From what the others' editors show. */
  awarenessMs: number
  /** From GET /documents/{id}/presence. */
  restMs: number
}

type Answer = {
  items: { user: { id: string; name: string }; connections: number }[]
  last_here: { user: { id: string }; last_seen_at: string }[]
}

/** Watches who is listed in a document, and notes when somebody is missing who is there. */
export class PresenceWatch {
  /** What was not as it should be. */
  readonly wrong = new Set<string>()
  private readonly ask: () => Promise<Answer>
  private readonly there = new Set<Person>()

  constructor(servers: TwoServers, documentId: string, as: Person) {
    this.ask = () => servers.request('GET', `/documents/${documentId}/presence`, as)
  }

  /** Resolves when exactly these people are listed, each with so many connections; they are there from now on. */
  async arrived(connections: Map<Person, number>): Promise<void> {
    await holds('the list of all', async () => {
      const { items } = await this.ask()
      const isListed = ([person, count]: [Person, number]): boolean =>
        items.some((item) => item.user.id === person.id && item.connections === count)
      return items.length === connections.size && [...connections].every(isListed)
    })
    for (const person of connections.keys()) this.there.add(person)
  }

  /** Measures from now how soon nobody lists or shows these people any more. */
  async departure(gone: Person[], viewers: DocumentClient[]): Promise<Departure> {
    for (const person of gone) this.there.delete(person)
    const isGone = ({ id }: { id: string }): boolean => gone.some((person) => person.id === id)
    const [awarenessMs, restMs] = await Promise.all([
      elapsed(holds('nobody in sight', () => viewers.every(({ visible }) => !visible.some(isGone)))),
      elapsed(this.lists((items) => !items.some(({ user }) => isGone(user)))),
    ])
    return { awarenessMs, restMs }
  }

  /** How soon, in milliseconds, somebody is listed with so many connections. */
  counted({ id }: Person, count: number): Promise<number> {
    return elapsed(this.lists((items) => items.some((item) => item.user.id === id && item.connections === count)))
  }

  /** Resolves to when somebody was last here, as soon as that is at a time or later. */
  async lastHere({ id }: Person, earliest: number): Promise<number> {
    let at = Number.NaN
    await holds('last here', async () => {
      const { last_here } = await this.ask()
      at = Date.parse(last_here.find(({ user }) => user.id === id)?.last_seen_at ?? '')
      return at >= earliest
    })
    return at
  }

  private lists(isRight: (items: Answer['items']) => boolean): Promise<void> {
    return holds('a list', async () => {
      const { items } = await this.ask()
      for (const { id, name } of this.there) {
        if (!items.some(({ user }) => user.id === id && user.name === name)) this.wrong.add(`${name} is not listed`)
      }
      return isRight(items)
    })
  }
}

async function elapsed(work: Promise<void>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}
