import type { PresentPerson } from '../bus/messages.ts'
import { LocalConnections } from './local.ts'
import { toPeople } from './people.ts'
import type { PresenceStore, PresentConnection, Said } from './presence.ts'

/** The presence of a single process. */
export class MemoryPresence implements PresenceStore {
  private readonly connections = new LocalConnections()
  private readonly now: () => number

  /** How old a word is must not change where the clock on the wall is set. */
  constructor({ now = () => performance.timeOrigin + performance.now() } = {}) {
    this.now = now
  }

  join(connection: PresentConnection): void {
    this.connections.join(connection)
  }

  update(documentId: string, connectionId: string, said: Said): void {
    this.connections.update(documentId, connectionId, said, this.now())
  }

  leave(documentId: string, connectionId: string): void {
    this.connections.leave(documentId, connectionId)
  }

  async list(documentId: string): Promise<PresentPerson[]> {
    return toPeople(this.connections.of(documentId).values(), this.now())
  }

  async close(): Promise<void> {
    this.connections.clear()
  }
}
