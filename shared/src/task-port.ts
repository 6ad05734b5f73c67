import { fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parentPort, Worker } from 'node:worker_threads'

/** Where tasks run: it is sent one call after the other, and answers each. A process ends that computes for longer than `limitMs`. */
export type TaskPort = { send(call: unknown, limitMs: number): void; end(): Promise<unknown> }

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
    // What is loaded before us (a probe, a tracer) is not for it: it would answer in its place.
    execArgv: [`--max-old-space-size=${memory}`],
    // It needs none of our secrets.
    env: {},
    // V8 writes pages about a heap that is full.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // What it does is for one; what others wait for goes first.
  if (child.pid) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.on('message', answered)
  child.on('error', ended)
  child.on('exit', () => ended(new Error('The worker process ended')))
  child.unref()
  child.channel?.unref()
  return {
    send: (call, limitMs) => child.send({ call, limitMs } satisfies Order),
    end() {
      // Whoever waits for its end must not run out of work before.
      child.ref()
      return child.kill('SIGKILL') ? exit : Promise.resolve()
    },
  }
}

type Order = { call: unknown; limitMs: number }

/** The other side, in a thread or a process: answers each call. */
export function serve(answer: (call: unknown) => object): void {
  if (parentPort) {
    const port = parentPort
    port.on('message', (call) => port.postMessage(answer(call)))
  } else if (process.send) {
    const endsAt = new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY)
    process.on('message', ({ call, limitMs }: Order) => {
      const { user, system } = process.cpuUsage()
      endsAt[0] = (user + system) / 1000 + limitMs
      process.send?.(answer(call))
      endsAt[0] = Number.POSITIVE_INFINITY
    })
    process.on('disconnect', () => process.exit())
    new Worker(watchdog, { eval: true, workerData: endsAt }).unref()
  }
}

/**
 * A process that is busy must not outlive the one that started it. What a task may take is time of the processor, which
 * only the process itself can tell: on the clock it may take many times as long while others are busy.
 */
const watchdog = `
const { workerData: endsAt } = require('node:worker_threads')
const parent = process.ppid
setInterval(() => {
  const { user, system } = process.cpuUsage()
  if (process.ppid !== parent || (user + system) / 1000 > endsAt[0]) process.kill(process.pid, 'SIGKILL')
}, 100)
`
