import { setImmediate as turn } from 'node:timers/promises'
import type { Steps } from '@mdcreator/shared/steps'

/** Nobody notices that they waited so long. */
const sliceMs = 5

/** Does long work some milliseconds at a time: between, everybody else has their turn. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  let begun = performance.now()
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() - begun < sliceMs) continue
    await turn()
    begun = performance.now()
  }
}
