/** Work that may pause: at each `yield` it can be left for a while, and gone on with. */
export type Steps<T> = Generator<void, T>

/** Does it all at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
