import { spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { explainFailure } from './failure.ts'
import { leftoverPid } from './orphan.ts'
import { type RunAs, SPAWN } from './run-as.ts'

/** What one run of `postgres` needs to know. */
export type ServerSpec = {
  native: string
  dataDir: string
  runAs: RunAs
  port: number
  durable: boolean
  maxConnections: number
}

/** One run of `postgres`. */
export type Server = {
  /** Resolves once it accepts connections; rejects with a `UserError` when it ends before. */
  ready: Promise<void>
  /** Resolves with the exit code or signal. */
  exited: Promise<string>
  /** Fast shutdown, harder if that takes too long: at most 25 s. */
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
}

const LOG_TAIL = 4096

/** Starts `postgres` on 127.0.0.1 only. Call it when no PostgreSQL runs in the folder. */
export function launchServer(spec: ServerSpec): Server {
  const child = spawn(path.join(spec.native, 'bin/postgres'), serverFlags(spec), {
    ...SPAWN,
    ...spec.runAs,
    env: environment(spec),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  const ready = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<string>()
  const end = (how: string) => {
    exited.resolve(how)
    ready.reject(explainFailure('PostgreSQL could not start', log || how, spec.dataDir))
  }
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log = (log + chunk).slice(-LOG_TAIL)
    if (log.includes('ready to accept connections')) ready.resolve()
  })
  child.once('error', (error) => end(error.message))
  child.once('close', (code, signal) => end(`${signal ?? `exit code ${code}`}${lastLine(log)}`))
  ready.promise.catch(() => undefined)

  async function stop(): Promise<void> {
    // Fast, then immediate shutdown (postgres(1), "Signals"), then the kernel's.
    for (const [signal, patience] of [
      ['SIGINT', 10_000],
      ['SIGQUIT', 10_000],
      ['SIGKILL', 5_000],
    ] as const) {
      child.kill(signal)
      const timer = new AbortController()
      await Promise.race([exited.promise, sleep(patience, undefined, { signal: timer.signal }).catch(() => undefined)])
      timer.abort()
      if (child.exitCode !== null || child.signalCode !== null) return
    }
  }
  return { ready: ready.promise, exited: exited.promise, stop, kill: (signal) => void child.kill(signal) }
}

function serverFlags({ dataDir, port, durable, maxConnections }: ServerSpec): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: maxConnections,
    shared_buffers: '128MB',
    jit: 'off',
    // Only what the server does, no statements: they hold people's texts.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    log_destination: 'stderr',
    logging_collector: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

/**
 * PostgreSQL refuses to start while any process of its user has the id in `postmaster.pid`, related or not. It passes
 * over its grandparent's id (that of the shell around pg_ctl); naming the stale id as such keeps its other checks.
 */
function environment({ dataDir }: ServerSpec): NodeJS.ProcessEnv {
  const stalePid = leftoverPid(dataDir)
  return stalePid === undefined ? SPAWN.env : { ...SPAWN.env, PG_GRANDPARENT_PID: String(stalePid) }
}

function lastLine(log: string): string {
  const line = log.trim().split('\n').at(-1)
  return line ? `: ${line}` : ''
}
