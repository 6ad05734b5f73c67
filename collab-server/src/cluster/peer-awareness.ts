import type { Document, TransactionOrigin } from '@hocuspocus/server'
import { removeAwarenessStates } from 'y-protocols/awareness'
import { applyStates, encodeStates } from '../presence/awareness-states.ts'

/** The origin of what other servers' people say of themselves. */
const fromPeer: TransactionOrigin = { source: 'redis' }

const forgetMs = 200

/** Which people of a document are on which other server, so that they leave with it. */
export class PeerAwareness {
  private readonly document: Document
  private readonly servers = new Map<number, string>()

  /** `publish` is called with what this server's own people say, where somebody listens. */
  constructor(document: Document, publish: (update: Uint8Array) => void, hasListeners: () => boolean) {
    this.document = document
    document.awareness.on('update', (changes: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown) => {
      // Every server itself ends those who have not been heard of for 30 s.
      if (origin === fromPeer || origin === 'timeout' || !hasListeners()) return
      publish(encodeStates(document.awareness, [...changes.added, ...changes.updated, ...changes.removed]))
    })
  }

  /** All that this server's own people last said; null where there is nobody. */
  own(): Uint8Array | null {
    const clients = this.ownClients()
    return clients.length > 0 ? encodeStates(this.document.awareness, clients) : null
  }

  /**
   * Somebody who went from there to here stays, though their old connection ends: see Speakers.
   * @throws Error where it is no awareness update
   */
  apply(server: string, update: Uint8Array): void {
    applyStates(this.document.awareness, update, fromPeer, (clientId, isPresent) => {
      if (isPresent) this.servers.set(clientId, server)
      else this.servers.delete(clientId)
    })
  }

  /**
   * The same of all of a server's people: whoever is not among them has left.
   * @throws Error where it is no awareness update
   */
  replace(server: string, update: Uint8Array): void {
    const before = this.clientsOf(server)
    for (const clientId of before) this.servers.delete(clientId)
    this.apply(server, update)
    this.remove(before.filter((clientId) => !this.servers.has(clientId)))
  }

  /** A server is gone, or nobody is there: so are its people. */
  gone(server: string): void {
    this.remove(this.clientsOf(server))
  }

  private clientsOf(server: string): number[] {
    return [...this.servers].filter(([, other]) => other === server).map(([clientId]) => clientId)
  }

  private remove(clients: number[]): void {
    if (clients.length === 0) return
    const { awareness } = this.document
    removeAwarenessStates(awareness, clients, fromPeer)
    for (const clientId of clients) this.servers.delete(clientId)
    // Were it alive after all, what it says again at the same clock must count; but first the clients are told.
    setTimeout(() => {
      for (const clientId of clients) if (!awareness.states.has(clientId)) awareness.meta.delete(clientId)
    }, forgetMs).unref()
  }

  private ownClients(): number[] {
    return [...this.document.connections.values()].flatMap((entry) => [...(entry.clients as Set<number>)])
  }
}
