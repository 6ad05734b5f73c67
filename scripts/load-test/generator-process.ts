import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Generator } from './generator.ts'
import { Remote } from './remote.ts'

/** A load generator in a process of its own. */
export class GeneratorProcess extends Remote<Generator> {
  constructor() {
    super(
      fork(path.join(import.meta.dirname, 'generator.ts'), {
        execArgv: [],
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
