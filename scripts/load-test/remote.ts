import type { ChildProcess } from 'node:child_process'

/** What a child process can be asked to do. Arguments and results are copied (`serialization: 'advanced'`). */
// biome-ignore lint/suspicious/noExplicitAny: each handler has an argument of its own
export type Handlers = Record<string, (argument: any) => unknown>

type Call = { id: number; name: string; argument: unknown }
type Answer = { id: number; result: unknown } | { id: number; error: string }

/** Answers the parent process. Ends this process when the parent has gone. */
export function serve(handlers: Handlers): void {
  process.on('message', (call: Call) => void answer(handlers, call).then((result) => process.send?.(result)))
  process.once('disconnect', () => process.exit(1))
}

async function answer(handlers: Handlers, { id, name, argument }: Call): Promise<Answer> {
  try {
    return { id, result: await handlers[name]?.(argument) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** The parent's side of `serve`. */
export class Remote<T extends Handlers> {
  readonly child: ChildProcess
  private readonly waiting = new Map<number, PromiseWithResolvers<never>>()
  private nextId = 0
  private ended: Error | null = null

  constructor(child: ChildProcess) {
    this.child = child
    child.on('message', (answer: Answer) => {
      const call = this.waiting.get(answer.id)
      this.waiting.delete(answer.id)
      if ('error' in answer) call?.reject(new Error(answer.error))
      else call?.resolve(answer.result as never)
    })
    child.once('exit', (code, signal) => {
      this.ended = new Error(`The process ended with ${signal ?? code}`)
      for (const call of this.waiting.values()) call.reject(this.ended)
    })
  }

  /** Rejects with what the handler threw, or where the process ends before it answers. */
  ask<N extends keyof T & string>(
    name: N,
    ...[argument]: Parameters<T[N]> extends [] ? [] : [Parameters<T[N]>[0]]
  ): Promise<Awaited<ReturnType<T[N]>>> {
    if (this.ended) return Promise.reject(this.ended)
    const call = Promise.withResolvers<never>()
    const id = this.nextId++
    this.waiting.set(id, call)
    this.child.send({ id, name, argument } satisfies Call)
    return call.promise
  }
}
