import type { PresentPerson } from '../bus/messages.ts'

/**
 * Who is in a document, over all servers. It is kept per connection: a person with two tabs is there until both are
 * closed. What is said here never throws and is never waited for; what a server said ends with the server.
 */
export interface PresenceStore {
  /** A connection has opened the document. */
  join(connection: PresentConnection): void
  /** What a connection says of itself; of one that has not joined nothing is kept. */
  update(documentId: string, connectionId: string, said: Said): void
  leave(documentId: string, connectionId: string): void
  /** Everybody in the document, who came first at the top; this server's own people where the others cannot be asked. */
  list(documentId: string): Promise<PresentPerson[]>
  /** All who joined here are gone. */
  close(): Promise<void>
}

export type PresentConnection = {
  documentId: string
  /** Unique over all servers and all times. */
  connectionId: string
  user: PresentPerson['user']
  since: Date
}

export type Said = {
  /** As the editor puts it (awareness `cursor`); null where it is in no place. */
  cursor: unknown
  typing: boolean
}
