import { newId } from '@mdcreator/shared/ids'
import type { PresenceStore } from '@mdcreator/shared/presence/presence'
import type { OpenConnection } from '../access/connections.ts'
import type { LastSeen } from './last-seen.ts'
import { speakersOf } from './speakers.ts'

/** Somebody who stays is seen again so often. */
const seenEveryMs = 60_000

/** Tells the presence store who is in which document, by connection: a person with two tabs is there until both are closed. */
export class Presence {
  readonly store: PresenceStore
  private readonly lastSeen: LastSeen
  private readonly ids = new Map<OpenConnection, string>()
  private timer: NodeJS.Timeout | undefined

  constructor(store: PresenceStore, lastSeen: LastSeen) {
    this.store = store
    this.lastSeen = lastSeen
  }

  start(): void {
    this.lastSeen.start()
    this.timer = setInterval(() => {
      for (const connection of this.ids.keys()) this.see(connection)
    }, seenEveryMs)
    this.timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    await Promise.all([this.lastSeen.stop(), this.store.close()])
  }

  joined(connection: OpenConnection): void {
    const connectionId = newId()
    this.ids.set(connection, connectionId)
    const { user } = connection.context
    this.store.join({ documentId: connection.document.name, connectionId, user, since: new Date() })
    this.see(connection)
  }

  left(connection: OpenConnection): void {
    const connectionId = this.ids.get(connection)
    if (connectionId === undefined) return
    this.ids.delete(connection)
    this.store.leave(connection.document.name, connectionId)
    this.see(connection)
  }

  /** A connection has said something of itself: its awareness state has changed. */
  said(connection: OpenConnection): void {
    const connectionId = this.ids.get(connection)
    const clientId = speakersOf(connection.document).clientOf(connection)
    if (connectionId === undefined || clientId === null) return
    const state = connection.document.awareness.getStates().get(clientId)
    this.store.update(connection.document.name, connectionId, {
      cursor: state?.['cursor'] ?? null,
      typing: state?.['typing'] === true,
    })
  }

  private see({ document, context }: OpenConnection): void {
    this.lastSeen.see(document.name, context.user.id)
  }
}
