import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '@mdcreator/shared/user-error'
import type { Server } from './server.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
const ATTEMPTS = 10
const STABLE_MS = 60_000

/** A server that is started again whenever it ends by itself. */
export type Supervisor = {
  /** Resolves, never rejects: undefined after `stop()`, otherwise why PostgreSQL could not be brought back. */
  exited: Promise<Error | undefined>
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
}

/** Watches a running server; `launch` starts the next one, on the same port. */
export function supervise(first: Server, launch: () => Server, report: (line: string) => void): Supervisor {
  let server = first
  const stopping = new AbortController()
  const exited = watch()

  async function watch(): Promise<Error | undefined> {
    let failures = 0
    let lastError: unknown
    let healthySince = performance.now()
    for (;;) {
      const how = await server.exited
      if (stopping.signal.aborted) return undefined
      if (lastError === undefined) {
        report(`PostgreSQL ended by itself (${how}); starting it again`)
        if (performance.now() - healthySince > STABLE_MS) failures = 0
      }
      if (failures === ATTEMPTS) {
        return new UserError(`PostgreSQL ended and could not be started again: ${how}`, { cause: lastError })
      }
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS)
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return undefined
      server = launch()
      lastError = await server.ready.then(
        () => undefined,
        (error: unknown) => error,
      )
      if (lastError !== undefined) continue
      healthySince = performance.now()
      report('PostgreSQL runs again')
    }
  }

  return {
    exited,
    async stop() {
      stopping.abort()
      await server.stop()
      await exited
    },
    kill: (signal) => server.kill(signal),
  }
}
