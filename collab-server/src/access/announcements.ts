import type { Bus } from '@mdcreator/shared/bus/bus'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import { concerns, type OpenConnection } from './connections.ts'

/** More than come while a connection is opened: where one takes longer, its rights are read again. */
const maxKept = 1_000

/** What was announced lately of rights that have changed: it may be about a connection that is not open yet. */
export class Announcements {
  private readonly bus: Pick<Bus, 'isConnected'>
  private readonly kept: EventPayload<'access.changed'>[] = []
  private count = 0

  constructor(bus: Pick<Bus, 'isConnected'>) {
    this.bus = bus
  }

  add(event: EventPayload<'access.changed'>): void {
    this.count++
    this.kept.push(event)
    if (this.kept.length > maxKept) this.kept.shift()
  }

  /** The moment before rights are read; null while announcements do not reach us. */
  now(): number | null {
    return this.bus.isConnected ? this.count : null
  }

  /**
   * False where what was read since that moment still holds: it was committed before it was read, or else it would have been
   * announced since.
   */
  mayConcern(connection: OpenConnection, since: number | null): boolean {
    if (since === null || !this.bus.isConnected) return true
    const unseen = this.count - since
    if (unseen > this.kept.length) return true
    return this.kept.slice(this.kept.length - unseen).some((event) => concerns(event, connection))
  }
}
