import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@mdcreator/db/embedded/ports'
import type { Probe } from './probe.ts'
import { Remote } from './remote.ts'

export type ServerKind = 'bare' | 'ours'

const collabMain = path.join(import.meta.dirname, '../../collab-server/src/main.ts')
const startMs = 20_000

/** A collab server in a process of its own. */
export class MeasuredServer {
  readonly kind: ServerKind
  /** Of the WebSocket. */
  readonly url: string
  readonly probe: Remote<Probe>

  private constructor(kind: ServerKind, url: string, child: ChildProcess) {
    this.kind = kind
    this.url = url
    this.probe = new Remote<Probe>(child)
  }

  /** Hocuspocus without anything of ours. */
  static async bare(): Promise<MeasuredServer> {
    const port = await freePort()
    const child = start(path.join(import.meta.dirname, 'bare-server.ts'), [String(port)], {})
    await ready(child, `http://127.0.0.1:${port}/`)
    return new MeasuredServer('bare', `ws://127.0.0.1:${port}/`, child)
  }

  /** The collab server as it is deployed. `environment` says where PostgreSQL and Redis are. */
  static async ours(environment: NodeJS.ProcessEnv): Promise<MeasuredServer> {
    const port = await freePort()
    const child = start(collabMain, [], {
      COLLAB_PORT: String(port),
      LOG_LEVEL: 'warn',
      // Everybody comes from one address here.
      COLLAB_SOCKETS_PER_ADDRESS: '20000',
      ...environment,
    })
    await ready(child, `http://127.0.0.1:${port}/readyz`)
    return new MeasuredServer('ours', `ws://127.0.0.1:${port}/collab`, child)
  }

  /** What the server (ours) says of itself under that name. */
  async metric(name: string): Promise<number> {
    const response = await fetch(this.url.replace('ws:', 'http:').replace('/collab', '/metrics'))
    const [, value] = new RegExp(`^${name} (.+)$`, 'm').exec(await response.text()) ?? []
    return Number(value)
  }

  async stop(): Promise<void> {
    const { child } = this.probe
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  }
}

function start(file: string, args: string[], environment: NodeJS.ProcessEnv): ChildProcess {
  return fork(file, args, {
    execArgv: ['--expose-gc', '--import', path.join(import.meta.dirname, 'probe.ts')],
    env: { ...process.env, ...environment },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startMs
  while (child.exitCode === null && Date.now() < deadline) {
    const response = await fetch(url).catch(() => null)
    await response?.body?.cancel()
    if (response?.ok) return
    await delay(20)
  }
  child.kill('SIGKILL')
  throw new Error(`The server did not answer ${url}`)
}
