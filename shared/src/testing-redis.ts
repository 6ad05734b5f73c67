import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import type { RedisConfig } from './config.ts'
import { until } from './testing.ts'

export type RedisServer = {
  /** With a prefix of its own. */
  config: RedisConfig
  /** As `kill -9` does; resolves when the process is gone. */
  kill(): Promise<void>
  /** Lets it say nothing any more, as if its machine had vanished; and go on. */
  freeze(): void
  thaw(): void
  /** On the same port, and empty. */
  restart(): Promise<void>
  /** May be called more than once. */
  stop(): Promise<void>
}

export type RedisOptions = {
  port?: number
  /** As on the command line of redis-server. */
  args?: string[]
  password?: string
  /** Makes it speak TLS only. Paths of PEM files. */
  tls?: { certificate: string; key: string } | undefined
}

let isInstalled: boolean | undefined

/** To be called in a `before` hook: skips the tests where there is no redis-server; in CI that is an error. */
export function requireRedis(context: Mocha.Context): void {
  const wasAsked = isInstalled !== undefined
  isInstalled ??= spawnSync('redis-server', ['--version']).status === 0
  if (isInstalled) return
  const message = 'Tests that need Redis are skipped: there is no redis-server. `apt install redis-server` brings it'
  if (process.env.CI) throw new Error(message)
  if (!wasAsked) process.stderr.write(`  ${message}\n`)
  context.skip()
}

/** A Redis without persistence. It ends with this process, whatever ends that. */
export async function startRedis({ port, ...options }: RedisOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-redis-'))
  const start = async (on: number): Promise<ChildProcess> => {
    const fixed = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
    const server = spawn('redis-server', [...fixed, ...argumentsFor(on, options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    killWithUs(server)
    await isListening(server)
    return server
  }
  const usedPort = port ?? (await freePort())
  let server = await start(usedPort)
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGKILL')
    await gone
  }
  return {
    config: {
      url: `${options.tls ? 'rediss' : 'redis'}://:${options.password ?? ''}@127.0.0.1:${usedPort}`,
      cluster: false,
      prefix: `test-${randomBytes(4).toString('hex')}:`,
    },
    kill,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async restart() {
      await kill()
      server = await start(usedPort)
    },
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A Redis Cluster of three masters; `config.url` is the first of them, `nodes` are all. */
export async function startRedisCluster(
  options: Pick<RedisOptions, 'password' | 'tls'> = {},
): Promise<Pick<RedisServer, 'config' | 'stop'> & { nodes: RedisServer[] }> {
  const ports = await Promise.all(Array.from({ length: 3 }, async () => [await freePort(), await freePort()] as const))
  const nodes = await Promise.all(
    ports.map(([port, busPort]) => {
      const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--cluster-port', String(busPort)]
      const tls = options.tls ? ['--tls-cluster', 'yes'] : []
      return startRedis({ ...options, port, args: [...args, ...tls, '--cluster-require-full-coverage', 'no'] })
    }),
  )
  const clients = nodes.map(({ config }) => new Redis(config.url))
  const edges = [0, 5_461, 10_923, 16_384]
  for (const [i, client] of clients.entries()) {
    await client.cluster('SET-CONFIG-EPOCH', i + 1)
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(edges[i]), String(Number(edges[i + 1]) - 1))
    for (const [port, busPort] of ports.slice(0, i)) await client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort)
  }
  for (const client of clients) {
    await until(async () => /cluster_state:ok.*cluster_slots_ok:16384/s.test(await client.cluster('INFO')))
    await until(async () => (await client.cluster('SLOTS')).length === 3)
    client.disconnect()
  }
  const config = { ...(nodes[0] as RedisServer).config, cluster: true }
  return { config, nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) }
}

function argumentsFor(port: number, { args = [], password = '', tls }: RedisOptions): string[] {
  const common = ['--requirepass', password, ...args]
  if (!tls) return ['--port', String(port), ...common]
  const files = ['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key, '--tls-ca-cert-file', tls.certificate]
  return ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...files, ...common]
}

/** A shell that holds the end of a pipe from us, and kills the server when that breaks. */
function killWithUs(server: ChildProcess): void {
  const watch = spawn('sh', ['-c', 'read line; kill -9 "$0"', String(server.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  server.once('exit', () => watch.kill('SIGKILL'))
}

function isListening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    server.stdout?.on('data', (chunk) => {
      output += chunk
      if (output.includes('Ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`redis-server ended: ${output}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
