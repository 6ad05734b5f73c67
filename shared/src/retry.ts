import { setTimeout as delay } from 'node:timers/promises'

/**
 * Tries `work` until it succeeds or `forMs` have passed since it was first tried, which may depend on the error; waits 50 ms
 * at first, a second at most. Throws the last error.
 */
export async function retrying<T>(work: () => Promise<T>, forMs: number | ((error: unknown) => number)): Promise<T> {
  const begun = performance.now()
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() - begun >= (typeof forMs === 'number' ? forMs : forMs(error))) throw error
      await delay(Math.min(1_000, 50 * 2 ** attempt))
    }
  }
}
