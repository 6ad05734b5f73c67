/** Work that may pause: at each `yield` it can be left for a while, and gone on with. */
export type Steps<T> = Generator<void, T>

let done = 0

/** True now and then, by how many short things are done: a `yield` after each would cost more than they do. */
export function mayPause(count = 1): boolean {
  done += count
  if (done < 64) return false
  done = 0
  return true
}

/** Does it all at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
