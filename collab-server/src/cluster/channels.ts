/** The names of the Redis channels on which servers hear each other. */
export class Channels {
  /** Signs of life, of all servers. */
  readonly servers: string
  private readonly prefix: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.servers = `${prefix}servers`
  }

  /** What one server is told. */
  inboxOf(server: string): string {
    return `${this.prefix}server:${server}`
  }

  /** Where the servers that hold a document find each other. */
  of(documentId: string): string {
    return `${this.prefix}document:${documentId}`
  }

  /** The document whose channel it is. */
  documentOf(channel: string): string {
    return channel.slice(this.of('').length)
  }
}
