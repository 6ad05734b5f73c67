// Loaded with --import before a server that is fuzzed: says how much of its heap is in use, without garbage.
import { serve } from '../load-test/remote.ts'

const handlers = {
  heapBytes(): number {
    for (let i = 0; i < 3; i++) globalThis.gc?.()
    return process.memoryUsage().heapUsed
  },
}
export type HeapProbe = typeof handlers

serve(handlers)
// The channel must not keep a server alive that wants to end.
process.channel?.unref()
