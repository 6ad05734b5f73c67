import { serve, startProcess, startThread, type TaskPort } from './task-port.ts'

/** What a worker can do: functions whose argument and result can be copied. */
// biome-ignore lint/suspicious/noExplicitAny: each task has an argument of its own
export type Tasks = Record<string, (argument: any) => unknown>

type Call = { task: string; argument: unknown }
type Answer = { result: unknown } | { error: string }
type Pending = Call & { limitMs: number; resolve: (result: never) => void; reject: (error: Error) => void }
type Running = { pending: Pending; timer: NodeJS.Timeout }

export type TaskWorkerOptions = {
  /** A task that runs longer than this fails; in a process, one that computes for longer. */
  limitMs?: number
  /**
   * Where it is given, a process takes the thread's place, with so many megabytes of heap: a task that needs more fails.
   * (A thread that needs more may end the whole process, whatever its `resourceLimits` are.)
   */
  processMemory?: number | undefined
}

/** How many times its limit a task in a process may take on the clock: others may be busy too. */
const patience = 6

/**
 * Runs tasks one after the other in a thread of their own, for work that would hold up everybody else. The thread starts
 * with the first task, does not keep the process alive by itself, and is replaced after a crash or a task that takes
 * too long: only that task fails, the next runs in the new thread.
 */
export class TaskWorker<T extends Tasks> {
  private readonly file: URL
  private readonly limitMs: number
  private readonly processMemory: number | undefined
  private readonly queue: Pending[] = []
  private running: Running | null = null
  private port: TaskPort | null = null

  /** `file` is a module that calls `serveTasks`. */
  constructor(file: URL, { limitMs = 60_000, processMemory }: TaskWorkerOptions = {}) {
    this.file = file
    this.limitMs = limitMs
    this.processMemory = processMemory
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
    const { port } = this
    if (!port) return
    this.fail(port, error)
    await port.end()
  }

  private next(): void {
    if (this.running) return
    const pending = this.queue.shift()
    if (!pending) return
    const { task, argument, limitMs } = pending
    try {
      const port = this.start()
      port.send({ task, argument } satisfies Call, limitMs)
      const waitMs = this.processMemory ? limitMs * patience : limitMs
      const timer = setTimeout(() => {
        this.fail(port, new Error(`The task ${task} took longer than ${waitMs} ms`))
        void port.end()
      }, waitMs)
      this.running = { pending, timer }
    } catch (error) {
      // The argument cannot be copied.
      pending.reject(error as Error)
      this.next()
    }
  }

  private start(): TaskPort {
    if (this.port) return this.port
    const events = {
      answered: (answer: unknown) => this.settle(port, answer as Answer),
      ended: (error: Error) => this.fail(port, error),
    }
    const { file, processMemory } = this
    const port: TaskPort = processMemory ? startProcess(file, processMemory, events) : startThread(file, events)
    this.port = port
    return port
  }

  private settle(port: TaskPort, answer: Answer): void {
    if (this.port !== port) return
    const pending = this.take()
    if ('error' in answer) pending?.reject(new Error(answer.error))
    else pending?.resolve(answer.result as never)
    this.next()
  }

  private fail(port: TaskPort, error: Error): void {
    if (this.port !== port) return
    this.port = null
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
  serve((call) => answer(tasks, call as Call))
}

function answer(tasks: Tasks, { task, argument }: Call): Answer {
  try {
    return { result: tasks[task]?.(argument) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
