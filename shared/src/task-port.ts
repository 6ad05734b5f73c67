import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parentPort, Worker } from 'node:worker_threads'

/** Where tasks run: it is sent one call after the other, and answers each. */
export type TaskPort = { send(call: unknown): void; end(): Promise<unknown> }

export type PortEvents = { answered(answer: unknown): void; ended(error: Error): void }

/** A thread that runs the module `file`. If it needs too much memory, the whole process may end with it. */
export function startThread(file: URL, { answered, ended }: PortEvents): TaskPort {
  const worker = new Worker(file)
  worker.on('message', answered)
  worker.on('error', (error) => ended(error as Error))
  worker.on('exit', () => ended(new Error('The worker thread ended')))
  worker.unref()
  return { send: (call) => worker.postMessage(call), end: () => worker.terminate() }
}

/** The same in a process of its own, which takes nobody along when it needs more than `memory` megabytes of heap. */
export function startProcess(file: URL, memory: number, { answered, ended }: PortEvents): TaskPort {
  const child = fork(fileURLToPath(file), {
    serialization: 'advanced',
    execArgv: [...process.execArgv.filter((flag) => !flag.startsWith('--inspect')), `--max-old-space-size=${memory}`],
    // It needs none of our secrets.
    env: {},
    // V8 writes pages about a heap that is full.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.on('message', answered)
  child.on('error', ended)
  child.on('exit', () => ended(new Error('The worker process ended')))
  child.unref()
  child.channel?.unref()
  return {
    send: (call) => child.send(call as object),
    end() {
      // Whoever waits for its end must not run out of work before.
      child.ref()
      return child.kill('SIGKILL') ? exit : Promise.resolve()
    },
  }
}

/** The other side, in a thread or a process: answers each call. */
export function serve(answer: (call: unknown) => object): void {
  if (parentPort) {
    const port = parentPort
    port.on('message', (call) => port.postMessage(answer(call)))
  } else if (process.send) {
    process.on('message', (call) => process.send?.(answer(call)))
    process.on('disconnect', () => process.exit())
    new Worker(watchdog, { eval: true }).unref()
  }
}

/** A process that is busy for hours must not outlive the one that started it. */
const watchdog = `
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, 1000)
`
