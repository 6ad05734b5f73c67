import { connect } from 'node:net'

// Asks one URL over keep-alive connections for a while; in a process of its own, and as cheaply as can be.

/** `connections` at a time, each with one request on its way. */
export type LoadOrder = { port: number; path: string; token: string; connections: number; seconds: number }
/** Milliseconds per answer, and the answers that were none. */
export type LoadReport = { durations: number[]; failures: number }

process.on('message', async (order: LoadOrder) => {
  const end = performance.now() + order.seconds * 1000
  const report: LoadReport = { durations: [], failures: 0 }
  await Promise.all(Array.from({ length: order.connections }, () => ask(order, end, report)))
  process.send?.(report)
})
process.on('disconnect', () => process.exit())

function ask({ port, path, token }: LoadOrder, end: number, report: LoadReport): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let start = 0
    let chunks: Buffer[] = []
    let missing = -1
    const send = (): void => {
      start = performance.now()
      chunks = []
      missing = -1
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (missing >= 0) missing -= chunk.length
      else {
        chunks.push(chunk)
        missing = missingOf(Buffer.concat(chunks))
      }
      if (missing !== 0) return
      report.durations.push(performance.now() - start)
      if (!chunks[0]?.subarray(0, 15).equals(ok)) report.failures++
      if (performance.now() < end) send()
      else socket.end(resolve)
    })
  })
}

const ok = Buffer.from('HTTP/1.1 200 OK')

/** How many bytes of an answer have not come yet; -1 where its head is not whole. */
function missingOf(bytes: Buffer): number {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return -1
  const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, head + 2))?.[1]
  if (length === undefined) throw new Error('the answer has no Content-Length')
  return head + 4 + Number(length) - bytes.length
}
