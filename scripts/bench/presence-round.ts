import { setTimeout as delay } from 'node:timers/promises'
import type { Person, TwoServers } from '../two-servers.ts'
import { DocumentClient, holds } from '../two-servers-client.ts'
import { type Departure, PresenceWatch } from './presence-watch.ts'

/** Times are in milliseconds. */
export type PresenceRound = {
  closedTab: Departure
  /** A socket that broke without a word. */
  cutSocket: Departure
  /** Until one connection was counted of a person who closed one tab of two, and stayed. */
  oneOfTwoTabsMs: number
  /** The people of a server that was killed. */
  killedServer: Departure
  /** How far `last_here` was from the moment that somebody left. */
  lastHereErrorMs: number
  /** Claims to be somebody else that were shown, and people who were not listed while they were there. */
  wrong: string[]
}

/** Lets people into a document on both servers, who leave in every way; the second server is killed, and started again. */
export async function presenceRound(servers: TwoServers): Promise<PresenceRound> {
  const join = async (name: string, ...urls: string[]) => {
    const person = await servers.signUp(name)
    await servers.addMember(workspaceId, person, 'editor')
    return { person, tabs: urls.map((url) => open(url, person)) }
  }
  const clients: DocumentClient[] = []
  const open = (url: string, { token }: Person): DocumentClient => {
    const client = new DocumentClient(url, documentId, token)
    clients.push(client)
    return client
  }
  const owner = await servers.signUp('Owner')
  const workspaceId = await servers.createWorkspace(owner)
  const documentId = await servers.createDocument(owner, workspaceId)
  const watch = new PresenceWatch(servers, documentId, owner)
  const [first, second] = servers.collab
  try {
    const ada = await join('Ada', first.url)
    const grace = await join('Grace', first.url, second.url)
    const [edsger, barbara, donald] = (await Promise.all(
      ['Edsger', 'Barbara', 'Donald'].map((name) => join(name, second.url)),
    )) as [typeof ada, typeof ada, typeof ada]
    const all = [ada, grace, edsger, barbara, donald]
    const viewers = [...ada.tabs, ...donald.tabs]
    await Promise.all(clients.map((client) => client.synced()))
    for (const client of clients) {
      client.say('user', { id: owner.id, name: 'Somebody else' })
      client.say('cursor', { anchor: 1, head: 2 })
    }
    await watch.arrived(new Map(all.map(({ person, tabs }) => [person, tabs.length])))
    await holds('everybody in sight', () => clients.every(({ visible }) => visible.length === clients.length - 1))
    for (const { id, name } of clients.flatMap(({ visible }) => visible)) {
      if (!all.some(({ person }) => person.id === id && person.name === name)) watch.wrong.add(`${name} is shown`)
    }

    edsger.tabs[0]?.close()
    const closedAt = Date.now()
    const closedTab = await watch.departure([edsger.person], viewers)
    barbara.tabs[0]?.cut()
    const cutSocket = await watch.departure([barbara.person], viewers)

    grace.tabs[1]?.close()
    const oneOfTwoTabsMs = await watch.counted(grace.person, 1)
    // As long as a departure may take.
    await delay(1_000)
    await watch.counted(grace.person, 1)
    const { id } = grace.person
    if (!viewers.every(({ visible }) => visible.some((user) => user.id === id))) watch.wrong.add('Grace is not shown')

    const lastHereErrorMs = (await watch.lastHere(edsger.person, closedAt - 100)) - closedAt
    const [killedServer] = await Promise.all([watch.departure([donald.person], ada.tabs), second.kill()])
    await watch.lastHere(donald.person, 0)
    const wrong = [...watch.wrong]
    return { closedTab, cutSocket, oneOfTwoTabsMs, killedServer, lastHereErrorMs, wrong }
  } finally {
    for (const client of clients) client.close()
    await second.kill()
    await second.start()
  }
}
