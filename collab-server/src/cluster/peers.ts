/** The other servers that are known to hold a document. */
export class Peers {
  private readonly servers = new Set<string>()
  /** Those that may have left it without our knowing. */
  private readonly doubted = new Set<string>()

  get size(): number {
    return this.servers.size
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.servers.values()
  }

  /** A server has said something of the document. True where it was not known to hold it. */
  heardOf(server: string): boolean {
    this.doubted.delete(server)
    const isNew = !this.servers.has(server)
    this.servers.add(server)
    return isNew
  }

  left(server: string): void {
    this.servers.delete(server)
    this.doubted.delete(server)
  }

  /** A server, or each, must say again that it holds the document. */
  doubt(server?: string): void {
    for (const known of this.servers) if (server === undefined || known === server) this.doubted.add(known)
  }

  /** Those that have not said so. */
  unheard(): string[] {
    return [...this.doubted]
  }
}

/** How long after a break another server may take to say that it still holds a document. */
const confirmMs = 2_000

type Member = { peers: Peers; awareness: { gone(server: string): void } }

/**
 * Who leaves a document while servers do not hear each other says so to nobody. Afterwards those who are still there say
 * that, and the others are taken for gone.
 */
export class Doubts {
  private readonly members: ReadonlyMap<string, Member>
  private readonly isConnected: () => boolean
  private timer: NodeJS.Timeout | undefined

  constructor(members: ReadonlyMap<string, Member>, isConnected: () => boolean) {
    this.members = members
    this.isConnected = isConnected
  }

  /** A server, or each, was not heard for a while. */
  raise(server?: string): void {
    for (const { peers } of this.members.values()) peers.doubt(server)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.settle(), confirmMs).unref()
  }

  private settle(): void {
    if (!this.isConnected()) return
    for (const { peers, awareness } of this.members.values()) {
      for (const server of peers.unheard()) {
        peers.left(server)
        awareness.gone(server)
      }
    }
  }
}
