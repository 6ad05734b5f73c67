import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@mdcreator/db/embedded/ports'
import { endWithUs, exited, killHard } from './kill-hard.ts'

const main = path.join(import.meta.dirname, '../../collab-server/src/main.ts')
/** Between an end that nobody ordered and the next start, as an orchestrator would do it. */
const pauseMs = 200
const readyMs = 60_000

/** How a server ended after SIGTERM; `log` is what it wrote meanwhile. */
export type Stopped = { code: number | null; ms: number; log: string }

/** A collab server as it is deployed, on a port of its own; started again when it ends without being told to. */
export class CollabProcess {
  /** How often it ended by itself, with what it wrote last. */
  readonly ends: string[] = []
  private readonly port: number
  private readonly environment: NodeJS.ProcessEnv
  private readonly nodeOptions: string[]
  private child: ChildProcess | null = null
  private log = ''
  private wanted = false

  private constructor(port: number, environment: NodeJS.ProcessEnv, nodeOptions: string[]) {
    this.port = port
    this.nodeOptions = nodeOptions
    this.environment = environment
  }

  /** Resolves when it is ready. `nodeOptions` are as on the command line of node. */
  static async start(environment: NodeJS.ProcessEnv, nodeOptions: string[] = []): Promise<CollabProcess> {
    const server = new CollabProcess(await freePort(), environment, nodeOptions)
    await server.start()
    return server
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/collab`
  }

  /** Resolves when it is ready, which it is only where it reaches the database. */
  async start(): Promise<void> {
    this.wanted = true
    this.launch()
    await this.ready()
  }

  /** Resolves when it is ready. Rejects where it does not become so. */
  async ready(): Promise<void> {
    const deadline = performance.now() + readyMs
    while (this.wanted) {
      const response = await this.fetch('/readyz').catch(() => null)
      if (response?.ok) return
      if (performance.now() > deadline) throw new Error(`The server does not become ready: ${this.ends.at(-1)}`)
      await delay(20)
    }
  }

  /** A metric's value, summed over its labels. */
  async metric(name: string): Promise<number> {
    const response = await this.fetch('/metrics')
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith(name))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  /** The running process, which can be asked something where `nodeOptions` load what answers. */
  get process(): ChildProcess {
    if (!this.child) throw new Error('The server is down')
    return this.child
  }

  async kill(): Promise<void> {
    this.wanted = false
    const { child } = this
    this.child = null
    if (child) await killHard(child)
  }

  /** SIGTERM. */
  async stop(): Promise<Stopped> {
    this.wanted = false
    const { child } = this
    this.child = null
    if (!child) return { code: 0, ms: 0, log: '' }
    this.log = ''
    const started = performance.now()
    const gone = exited(child)
    child.kill('SIGTERM')
    const code = await gone
    return { code, ms: performance.now() - started, log: this.log }
  }

  private launch(): void {
    const child = spawn(process.execPath, [...this.nodeOptions, main], {
      env: {
        ...process.env,
        COLLAB_PORT: String(this.port),
        COLLAB_REHEARSAL: 'false',
        LOG_LEVEL: 'warn',
        ...this.environment,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    })
    endWithUs(child)
    this.child = child
    this.log = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log = (this.log + chunk).slice(-8_000)
    })
    void exited(child).then(async (code) => {
      if (this.child !== child) return
      this.child = null
      this.ends.push(`exit code ${code ?? child.signalCode}: ${this.log.slice(-1_000)}`)
      await delay(pauseMs)
      if (this.wanted) this.launch()
    })
  }

  private async fetch(target: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${target}`, { signal: AbortSignal.timeout(2_000) })
  }
}
