import { parentPort, Worker } from 'node:worker_threads'

/** What a worker thread can do: functions whose argument and result can be copied between threads. */
// biome-ignore lint/suspicious/noExplicitAny: each task has an argument of its own
export type Tasks = Record<string, (argument: any) => unknown>

type Call = { id: number; task: string; argument: unknown }
type Answer = { id: number; result: unknown } | { id: number; error: string }
type Waiting = { resolve: (result: never) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }

/**
 * Runs tasks one after the other in a thread of their own, for work that would hold up everybody else. The thread starts
 * with the first task, does not keep the process alive by itself, and is replaced after a crash or a task that takes
 * too long.
 */
export class TaskWorker<T extends Tasks> {
  private readonly file: URL
  private readonly limitMs: number
  private readonly waiting = new Map<number, Waiting>()
  private worker: Worker | null = null
  private nextId = 0

  /** `file` is a module that calls `serveTasks`. A task that takes longer than `limitMs` fails, with all behind it. */
  constructor(file: URL, { limitMs = 60_000 } = {}) {
    this.file = file
    this.limitMs = limitMs
  }

  /** Rejects with what the task threw, by its message. */
  run<N extends keyof T & string>(task: N, argument: Parameters<T[N]>[0]): Promise<ReturnType<T[N]>> {
    const worker = this.start()
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(worker, new Error(`The task ${task} took longer than ${this.limitMs} ms`))
        void worker.terminate()
      }, this.limitMs)
      this.waiting.set(id, { resolve, reject, timer })
      worker.postMessage({ id, task, argument } satisfies Call)
    })
  }

  async close(): Promise<void> {
    const worker = this.worker
    if (!worker) return
    this.fail(worker, new Error('The worker thread was closed'))
    await worker.terminate()
  }

  private start(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(this.file)
    worker.on('message', (answer: Answer) => this.settle(answer))
    worker.on('error', (error) => this.fail(worker, error as Error))
    worker.on('exit', () => this.fail(worker, new Error('The worker thread ended')))
    worker.unref()
    this.worker = worker
    return worker
  }

  private settle(answer: Answer): void {
    const waiting = this.waiting.get(answer.id)
    if (!waiting) return
    this.waiting.delete(answer.id)
    clearTimeout(waiting.timer)
    if ('error' in answer) waiting.reject(new Error(answer.error))
    else waiting.resolve(answer.result as never)
  }

  private fail(worker: Worker, error: Error): void {
    if (this.worker !== worker) return
    this.worker = null
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.waiting.clear()
  }
}

/** The other side: called once by the module that a `TaskWorker` runs. */
export function serveTasks(tasks: Tasks): void {
  parentPort?.on('message', ({ id, task, argument }: Call) => {
    parentPort?.postMessage(answer(tasks, id, task, argument))
  })
}

function answer(tasks: Tasks, id: number, task: string, argument: unknown): Answer {
  try {
    return { id, result: tasks[task]?.(argument) }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}
