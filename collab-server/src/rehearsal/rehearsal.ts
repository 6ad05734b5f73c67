import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import type { Pool, QueryConfig } from '@mdcreator/db/database'
import { MemoryBus } from '@mdcreator/shared/bus/memory'
import { loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { createLogger, type Logger } from '@mdcreator/shared/log'
import * as Y from 'yjs'
import { createCollab } from '../server.ts'
import { serverOptions } from '../socket/upgrade.ts'
import { type Ticket, ticketOffice, visit } from './visit.ts'

const rounds = 20
const documentsPerRound = 10
const visitorsPerDocument = 10
type Options = {
  log: Logger
  /** Ends it early. */
  signal: AbortSignal
  /** What it may take, in milliseconds. */
  limitMs?: number
  /** Where people and documents are looked up. */
  database?: Pool
}

/**
 * Opens made-up documents for made-up people, two thousand times, on a server of its own in this process: the first real
 * thousand then meets code that is compiled. Never rejects. Returns how many were let in.
 */
export async function rehearse({
  log,
  signal,
  limitMs = 4_000,
  database = madeUpDatabase(),
}: Options): Promise<number> {
  // From now on what is called the first time is compiled, not interpreted: also what a rehearsal cannot reach, such as the
  // clients of PostgreSQL and Redis.
  setFlagsFromString('--always-sparkplug')
  const ended = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const stage = await openStage(database).catch((err: unknown) => void log.warn({ err }, 'there is no rehearsal'))
  let visits = 0
  try {
    for (let round = 0; stage && round < rounds && !ended.aborted; round++) {
      const tickets = Array.from({ length: documentsPerRound }, newId).flatMap((documentId) =>
        Array.from({ length: visitorsPerDocument }, () => stage.ticket(documentId)),
      )
      const all = Promise.all(tickets.map(async (ticket) => visit(stage.port, await ticket)))
      if (await Promise.race([all, once(ended, 'abort').then(() => null)])) visits += tickets.length
    }
  } catch (err) {
    log.warn({ err }, 'the rehearsal failed: the first people to connect wait a little longer')
  }
  await stage?.close()
  return visits
}

type Stage = { port: number; ticket: (documentId: string) => Promise<Ticket>; close(): Promise<void> }

/** On the loopback, for those who have a token that was signed with a key of this moment. */
async function openStage(database: Pool): Promise<Stage> {
  const log = createLogger('silent')
  const { verifier, ticket } = await ticketOffice()
  const bus = new MemoryBus(log)
  const collab = createCollab({
    config: { ...loadConfig({}), redis: null },
    ...{ databaseUrl: '', createPool: () => database, log, bus, verifier },
  })
  const server = createServer(serverOptions)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    if (!collab.handleUpgrade(request, socket, head)) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    ticket,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.allSettled([collab.stop(), bus.close()])
    },
  }
}

/** Answers as if everybody might write in any document. */
function madeUpDatabase(): Pool {
  const content = writtenDocument()
  const rowsOf = ({ name, values: [ids = [], userIds = []] = [] }: QueryConfig<string[][]>): object[] => {
    if (name === 'rights') {
      const rights = { display_name: 'Ada', avatar_url: null, role: 'editor', scopes: null, workspace_id: newId() }
      return userIds.map((id, i) => ({ n: i + 1, id, ...rights }))
    }
    if (name !== 'load') return []
    const checkpoint = { data: content, user_id: null, origin: null, epoch: 1, clock: 0, owners: {}, snapshot: '1:1:' }
    return ids.map((documentId) => ({ document_id: documentId, id: 0, ...checkpoint }))
  }
  return Object.assign(new EventEmitter(), {
    query: async (query: QueryConfig<string[][]>) => ({ rows: rowsOf(query) }),
    end: async () => {},
  }) as unknown as Pool
}

/** Some 20 KB of paragraphs. */
function writtenDocument(): Buffer {
  const document = new Y.Doc()
  const words = 'A paragraph of a document that is nowhere. '.repeat(7)
  const paragraphs = Array.from({ length: 64 }, () => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    return paragraph
  })
  document.getXmlFragment('default').insert(0, paragraphs)
  return Buffer.from(Y.encodeStateAsUpdate(document))
}
