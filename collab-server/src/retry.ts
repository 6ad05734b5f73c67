import { setTimeout as delay } from 'node:timers/promises'

/** Tries `work` until it succeeds or `forMs` have passed; waits 50 ms at first, a second at most. Throws the last error. */
export async function retrying<T>(work: () => Promise<T>, forMs: number): Promise<T> {
  const deadline = performance.now() + forMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() >= deadline) throw error
      await delay(Math.min(1_000, 50 * 2 ** attempt))
    }
  }
}
