import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { explainListenError } from '@mdcreator/shared/listen-error'
import { answerClientErrors } from './client-error.ts'

/** A server that slow clients cannot occupy. The caller may add an upgrade handler before `listen`. */
export function createHttpServer(app: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      // How often those two are looked at; by default every 30 s.
      connectionsCheckingInterval: 2_000,
      // Longer than a load balancer's idle timeout (60 s), or it would meet closed connections.
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
    },
    app,
  )
  answerClientErrors(server)
  return server
}

/**
 * Starts to listen and resolves to the port, which matters where `port` is 0.
 * @throws UserError where the port is taken or may not be used
 */
export async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(explainListenError(cause, { host, port, variable: 'PORT' })))
    // A thousand clients that reconnect at once overflow Node's default of 511.
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Takes no new connection, lets requests in flight finish for `graceMs`, then cuts what is left. */
export async function closeHttpServer(server: Server, graceMs = 5_000): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  // A connection that was busy at first becomes an idle one when its answer is out.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  try {
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
    })
  } finally {
    clearTimeout(cut)
    clearInterval(sweep)
  }
}
