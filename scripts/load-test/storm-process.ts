import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { serve } from './remote.ts'
import { fingerprint } from './replica.ts'
import { StormClient, type StormClientOptions } from './storm-client.ts'

let clients: StormClient[] = []

const handlers = {
  /** Makes all that is to be sent. */
  prepare({ clients: options }: { clients: StormClientOptions[] }): void {
    clients = options.map((each) => new StormClient(each))
  },

  /** Everybody connects in one turn of the event loop; returns the milliseconds from then until each had the document. */
  async connect(): Promise<Float64Array> {
    const start = performance.now()
    const times = await Promise.all(clients.map((client) => client.connect()))
    return Float64Array.from(times, (time) => time - start)
  },

  /** The fingerprint of what each has received. */
  replicas(): string[] {
    const known = new Map<string, string>()
    return clients.map(({ received }) => {
      const hash = createHash('sha256').update(received).digest('hex')
      const replica = known.get(hash) ?? fingerprintOf(received)
      known.set(hash, replica)
      return replica
    })
  },

  close(): void {
    for (const client of clients) client.close()
  },
}
export type Storm = typeof handlers

function fingerprintOf(update: Uint8Array): string {
  const document = new Y.Doc()
  Y.applyUpdate(document, update)
  return fingerprint(document)
}

serve(handlers)
