import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'
import { numericOptions } from '../numeric-options.ts'

// Of those who change a document with the same If-Match at the same time, one wins and the others get 412, on two servers.
// usage: node scripts/chaos/one-winner.ts [--rounds 200] [--writers 50]

const { rounds, writers } = numericOptions({ rounds: 200, writers: 50 })
const server = new URL('../bench/document-read-server.ts', import.meta.url)

const postgres = await startTemporaryPostgres()
await migrate(postgres.url)
const env = { ...process.env, DATABASE_URL: postgres.url, RATE_LIMIT_PER_MINUTE: '100000000', LOG_LEVEL: 'error' }
const children: ChildProcess[] = [1, 2].map(() =>
  fork(server, ['ours'], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
)
try {
  const ports = await Promise.all(children.map(async (child) => Number((await once(child, 'message'))[0])))
  const call = (
    path: string,
    { body, ...init }: { method: string; body?: object; headers?: object },
    port = ports[0],
  ) =>
    fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      ...init,
      headers: { 'Content-Type': 'application/json', ...init.headers },
      ...(body && { body: JSON.stringify(body) }),
    })
  const account = { email: 'ada@example.com', password: 'Passw0rd!', display_name: 'Ada' }
  const { access_token } = await (await call('/auth/signup', { method: 'POST', body: account })).json()
  const headers = { Authorization: `Bearer ${access_token}` }
  const { id } = await (await call('/workspaces', { method: 'POST', body: { name: 'x' }, headers })).json()
  const made = await call(`/workspaces/${id}/documents`, { method: 'POST', body: { title: 'x' }, headers })
  const document = `/documents/${(await made.json()).id}`

  const outcomes = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    const etag = (await call(document, { method: 'GET', headers })).headers.get('ETag') ?? ''
    const statuses = await Promise.all(
      Array.from({ length: writers }, async (_, i) => {
        const change = { method: 'PATCH', body: { title: `${round} ${i}` }, headers: { ...headers, 'If-Match': etag } }
        const response = await call(document, change, ports[i % 2])
        await response.arrayBuffer()
        return response.status
      }),
    )
    const winners = statuses.filter((status) => status === 200).length
    const others = statuses.filter((status) => status !== 200 && status !== 412).length
    const outcome = `${winners} winners, ${others} unexpected answers`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  for (const [outcome, count] of outcomes) console.log(`${count} rounds of ${writers} writers: ${outcome}`)
  process.exitCode = outcomes.size === 1 && outcomes.has('1 winners, 0 unexpected answers') ? 0 : 1
} finally {
  for (const child of children) child.kill()
  await postgres.stop()
}
