import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A way to a database that a test can cut: connections break at once and new ones are refused, as if the database had
 * died; `hold()` instead swallows what is sent, as if the network had, and `silence()` only what the connections that there are
 * carry.
 */
export async function startProxy(databaseUrl: string) {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const silent = new Set<Socket>()
  let mode: 'open' | 'cut' | 'held' = 'open'
  const server = createServer((client) => {
    if (mode === 'cut') return void client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (data) => {
        if (mode === 'open' && !silent.has(socket)) other.write(data)
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        silent.delete(socket)
        other.destroy()
      })
    }
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    cut(): void {
      mode = 'cut'
      breakAll()
    },
    hold(): void {
      mode = 'held'
    },
    silence(): void {
      for (const socket of sockets) silent.add(socket)
    },
    restore(): void {
      if (mode === 'held') breakAll()
      mode = 'open'
    },
    async stop(): Promise<void> {
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
