import type { Connection } from '@hocuspocus/server'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import type { Context } from '../context.ts'

export type OpenConnection = Connection<Context>

/** The documents that are open on sockets of this server, and whose they are. */
export class Connections {
  private readonly all = new Set<OpenConnection>()
  private readonly perUser = new Map<string, number>()

  /** Adds a connection until it is closed. */
  add(connection: OpenConnection, onClosed: () => void): void {
    const userId = connection.context.user.id
    this.all.add(connection)
    this.perUser.set(userId, this.countOf(userId) + 1)
    connection.onClose(() => {
      this.all.delete(connection)
      const left = this.countOf(userId) - 1
      if (left > 0) this.perUser.set(userId, left)
      else this.perUser.delete(userId)
      onClosed()
    })
  }

  get size(): number {
    return this.all.size
  }

  countOf(userId: string): number {
    return this.perUser.get(userId) ?? 0
  }

  /** Those that all ids of an event apply to. */
  concerned(event: EventPayload<'access.changed'>): OpenConnection[] {
    return [...this.all].filter((connection) => concerns(event, connection))
  }

  [Symbol.iterator](): IterableIterator<OpenConnection> {
    return this.all.values()
  }
}

export function concerns(event: EventPayload<'access.changed'>, { context, document }: OpenConnection): boolean {
  return (
    (event.user_id ?? context.user.id) === context.user.id &&
    (event.session_id ?? context.credentials.sessionId) === context.credentials.sessionId &&
    (event.workspace_id ?? context.workspaceId) === context.workspaceId &&
    (event.document_id ?? document.name) === document.name
  )
}
