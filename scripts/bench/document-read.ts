import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'
import { numericOptions } from '../numeric-options.ts'
import type { LoadOrder, LoadReport } from './document-read-load.ts'

// Requests per second of GET /documents/{id} and of a list, against a bare Express and Kysely handler that verifies a JWT
// and does one indexed SELECT: the same database, rounds in turn.
// usage: node scripts/bench/document-read.ts [--rounds 5] [--seconds 3]

const { rounds, seconds } = numericOptions({ rounds: 5, seconds: 3 })
const connections = 32

const start = (file: string, args: string[], env: Record<string, string> = {}): ChildProcess =>
  fork(new URL(file, import.meta.url), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
const answerOf = async (child: ChildProcess): Promise<unknown> => (await once(child, 'message'))[0]

const postgres = await startTemporaryPostgres({ durable: true })
await migrate(postgres.url)
const children: ChildProcess[] = []
try {
  const env = { DATABASE_URL: postgres.url, RATE_LIMIT_PER_MINUTE: '100000000', PORT: '0' }
  const ours = start('./document-read-server.ts', ['ours'], env)
  children.push(ours)
  const ourPort = Number(await answerOf(ours))
  const { token, workspaceId, documentId } = await fill(ourPort)
  const bare = start('./document-read-server.ts', ['bare'], env)
  const load = start('./document-read-load.ts', [])
  children.push(bare, load)
  const ports = { ours: ourPort, bare: Number(await answerOf(bare)) }
  const measure = async (port: number, path: string, length: number): Promise<LoadReport> => {
    load.send({ port, path, token, connections, seconds: length } satisfies LoadOrder)
    return (await answerOf(load)) as LoadReport
  }

  for (const path of [`/api/v1/documents/${documentId}`, `/api/v1/workspaces/${workspaceId}/documents`]) {
    for (const port of Object.values(ports)) await measure(port, path, 2)
    const reports = { ours: [] as LoadReport[], bare: [] as LoadReport[] }
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const)) {
        reports[name].push(await measure(ports[name], path, seconds))
      }
    }
    console.log(path.replaceAll(/[\da-f-]{36}/g, '{id}'))
    for (const name of ['ours', 'bare'] as const) console.log(`  ${name}  ${describe(reports[name])}`)
    const ratios = reports.ours.map(({ durations }, i) => durations.length / (reports.bare[i]?.durations.length ?? 0))
    console.log(`  ratio ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`)
  }
} finally {
  for (const child of children) child.kill()
  await postgres.stop()
}

function describe(reports: LoadReport[]): string {
  const sorted = reports.flatMap(({ durations }) => durations).sort((a, b) => a - b)
  const at = (part: number) => `${sorted[Math.floor(sorted.length * part)]?.toFixed(2)} ms`
  const failures = reports.reduce((sum, report) => sum + report.failures, 0)
  const perSecond = median(reports.map(({ durations }) => durations.length / seconds))
  return `${perSecond.toFixed(0)} a second, p50 ${at(0.5)}, p99 ${at(0.99)}, failures ${failures}`
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Somebody with a workspace of 60 documents of 3 KB. */
async function fill(port: number): Promise<{ token: string; workspaceId: string; documentId: string }> {
  const post = async (path: string, body: object, token?: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    })
    if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { id: string; access_token: string }
  }
  const account = { email: 'ada@example.com', password: 'Passw0rd!', display_name: 'Ada' }
  const { access_token: token } = await post('/auth/signup', account)
  const { id: workspaceId } = await post('/workspaces', { name: 'Bench' }, token)
  let documentId = ''
  for (let i = 0; i < 60; i++) {
    const document = { title: `Document ${i}`, content: `# Title\n\n${'Some words of a paragraph. '.repeat(110)}` }
    documentId = (await post(`/workspaces/${workspaceId}/documents`, document, token)).id
  }
  return { token, workspaceId, documentId }
}
