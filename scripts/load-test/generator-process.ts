import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Generator } from './generator.ts'
import { type Handlers, Remote } from './remote.ts'
import type { Storm } from './storm-process.ts'

/** Clients in a process of their own; `file` serves what they can be asked to do. */
class ClientsProcess<T extends Handlers> extends Remote<T> {
  constructor(file: string, options: string[] = []) {
    super(
      fork(path.join(import.meta.dirname, file), {
        execArgv: options,
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    )
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await gone
  }
}

/** A load generator in a process of its own. */
export class GeneratorProcess extends ClientsProcess<Generator> {
  constructor() {
    // Long pauses of its garbage collection would be taken for the server's.
    super('generator.ts', ['--max-semi-space-size=8'])
  }
}

/** The clients of a storm. */
export class StormProcess extends ClientsProcess<Storm> {
  constructor() {
    super('storm-process.ts')
  }
}
