import type { PresenceEntry } from './people.ts'
import type { PresentConnection, Said } from './presence.ts'

/** The connections of this server, by document. */
export class LocalConnections {
  private readonly documents = new Map<string, Map<string, PresenceEntry>>()

  join({ documentId, connectionId, user, since }: PresentConnection): void {
    const entry = { user, since: since.getTime(), cursor: null, cursor_at: 0, typing_at: 0 }
    const connections = this.documents.get(documentId) ?? new Map<string, PresenceEntry>()
    this.documents.set(documentId, connections.set(connectionId, entry))
  }

  /** False where there is no such connection. */
  update(documentId: string, connectionId: string, { cursor, typing }: Said, now: number): boolean {
    const entry = this.documents.get(documentId)?.get(connectionId)
    if (!entry) return false
    entry.cursor = cursor ?? null
    entry.cursor_at = now
    entry.typing_at = typing ? now : 0
    return true
  }

  /** False where there is no such connection. */
  leave(documentId: string, connectionId: string): boolean {
    const connections = this.documents.get(documentId)
    const wasThere = connections?.delete(connectionId) ?? false
    if (connections?.size === 0) this.documents.delete(documentId)
    return wasThere
  }

  /** The connections of a document by their ids. */
  of(documentId: string): ReadonlyMap<string, PresenceEntry> {
    return this.documents.get(documentId) ?? new Map()
  }

  documentIds(): IterableIterator<string> {
    return this.documents.keys()
  }

  clear(): void {
    this.documents.clear()
  }
}
