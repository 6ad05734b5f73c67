import type { Logger } from '@mdcreator/shared/log'

export type Job = {
  /** Starts nothing any more. What runs at the moment ends by itself, or with its connection. */
  stop(): void
}

type Options = { name: string; everyMs: number; run: () => Promise<unknown>; log: Logger }

/** Runs something again and again, each time so long after the last one ended. A failure is logged; it is tried again. */
export function repeat({ name, everyMs, run, log }: Options): Job {
  let isStopped = false
  let isFailing = false
  let timer: NodeJS.Timeout
  const later = (): void => {
    timer = setTimeout(() => void once(), everyMs)
    timer.unref()
  }
  const once = async (): Promise<void> => {
    try {
      await run()
      isFailing = false
    } catch (err) {
      // Only the first of several: a database that is away for an hour would fill the log.
      if (!isFailing && !isStopped) log.warn({ err, job: name }, 'a job failed')
      isFailing = true
    }
    if (!isStopped) later()
  }
  later()
  return {
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
