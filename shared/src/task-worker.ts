import { parentPort, type ResourceLimits, Worker } from 'node:worker_threads'

/** What a worker thread can do: functions whose argument and result can be copied between threads. */
// biome-ignore lint/suspicious/noExplicitAny: each task has an argument of its own
export type Tasks = Record<string, (argument: any) => unknown>

type Call = { task: string; argument: unknown }
type Answer = { result: unknown } | { error: string }
type Pending = Call & { limitMs: number; resolve: (result: never) => void; reject: (error: Error) => void }
type Running = { pending: Pending; timer: NodeJS.Timeout }

export type TaskWorkerOptions = {
  /** A task that runs longer than this fails. */
  limitMs?: number
  /** Of the thread; a task that needs more fails. */
  resourceLimits?: ResourceLimits
}

/**
 * Runs tasks one after the other in a thread of their own, for work that would hold up everybody else. The thread starts
 * with the first task, does not keep the process alive by itself, and is replaced after a crash or a task that takes
 * too long: only that task fails, the next runs in the new thread.
 */
export class TaskWorker<T extends Tasks> {
  private readonly file: URL
  private readonly limitMs: number
  private readonly resourceLimits: ResourceLimits
  private readonly queue: Pending[] = []
  private running: Running | null = null
  private worker: Worker | null = null

  /** `file` is a module that calls `serveTasks`. */
  constructor(file: URL, { limitMs = 60_000, resourceLimits = {} }: TaskWorkerOptions = {}) {
    this.file = file
    this.limitMs = limitMs
    this.resourceLimits = resourceLimits
  }

  /** Rejects with what the task threw, by its message. `limitMs` counts from when the task starts. */
  run<N extends keyof T & string>(
    task: N,
    argument: Parameters<T[N]>[0],
    { limitMs = this.limitMs } = {},
  ): Promise<ReturnType<T[N]>> {
    return new Promise((resolve, reject) => {
      this.queue.push({ task, argument, limitMs, resolve, reject })
      this.next()
    })
  }

  async close(): Promise<void> {
    const error = new Error('The worker thread was closed')
    for (const { reject } of this.queue.splice(0)) reject(error)
    const { worker } = this
    if (!worker) return
    this.fail(worker, error)
    await worker.terminate()
  }

  private next(): void {
    if (this.running) return
    const pending = this.queue.shift()
    if (!pending) return
    const { task, argument, limitMs } = pending
    try {
      const worker = this.start()
      worker.postMessage({ task, argument } satisfies Call)
      const timer = setTimeout(() => {
        this.fail(worker, new Error(`The task ${task} took longer than ${limitMs} ms`))
        void worker.terminate()
      }, limitMs)
      this.running = { pending, timer }
    } catch (error) {
      // The argument cannot be copied.
      pending.reject(error as Error)
      this.next()
    }
  }

  private start(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(this.file, { resourceLimits: this.resourceLimits })
    worker.on('message', (answer: Answer) => this.settle(worker, answer))
    worker.on('error', (error) => this.fail(worker, error as Error))
    worker.on('exit', () => this.fail(worker, new Error('The worker thread ended')))
    worker.unref()
    this.worker = worker
    return worker
  }

  private settle(worker: Worker, answer: Answer): void {
    if (this.worker !== worker) return
    const pending = this.take()
    if ('error' in answer) pending?.reject(new Error(answer.error))
    else pending?.resolve(answer.result as never)
    this.next()
  }

  private fail(worker: Worker, error: Error): void {
    if (this.worker !== worker) return
    this.worker = null
    this.take()?.reject(error)
    this.next()
  }

  /** The task that ran, which no longer does. */
  private take(): Pending | null {
    const { running } = this
    this.running = null
    if (running) clearTimeout(running.timer)
    return running?.pending ?? null
  }
}

/** The other side: called once by the module that a `TaskWorker` runs. */
export function serveTasks(tasks: Tasks): void {
  parentPort?.on('message', ({ task, argument }: Call) => {
    parentPort?.postMessage(answer(tasks, task, argument))
  })
}

function answer(tasks: Tasks, task: string, argument: unknown): Answer {
  try {
    return { result: tasks[task]?.(argument) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
