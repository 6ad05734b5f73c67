// Loaded with --import before a server that is measured: answers what the process has used.
import { Session } from 'node:inspector/promises'
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { serve } from './remote.ts'

const collections = { count: 0, ms: 0, longestMs: 0 }
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    collections.count++
    collections.ms += duration
    collections.longestMs = Math.max(collections.longestMs, duration)
  }
}).observe({ entryTypes: ['gc'] })

let session: Session | null = null

const handlers = {
  /** What was used since the last call, CPU of every thread; memory as it is now. */
  usage(): Usage {
    const { user, system } = process.cpuUsage()
    const used = { cpuSeconds: (user + system) / 1e6, at: performance.now(), collections: { ...collections } }
    const since = last
    last = used
    collections.longestMs = 0
    const { rss, heapUsed } = process.memoryUsage()
    return {
      seconds: (used.at - since.at) / 1000,
      cpuSeconds: used.cpuSeconds - since.cpuSeconds,
      collectionMs: used.collections.ms - since.collections.ms,
      longestCollectionMs: used.collections.longestMs,
      rss,
      heapUsed,
    }
  },

  /** Memory in bytes, after garbage collection. */
  async collected(): Promise<{ heapUsed: number; rss: number; external: number }> {
    for (let i = 0; i < 4; i++) {
      global.gc?.()
      await delay(20)
    }
    const { heapUsed, rss, external } = process.memoryUsage()
    return { heapUsed, rss, external }
  },

  async startProfile(): Promise<void> {
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
  },

  /** In the form of a .cpuprofile file. */
  async stopProfile(): Promise<string> {
    if (!session) throw new Error('No profile was started')
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return JSON.stringify(profile)
  },
}
export type Probe = typeof handlers

/** Seconds of CPU and of time, milliseconds of garbage collection, bytes. */
export type Usage = {
  seconds: number
  cpuSeconds: number
  collectionMs: number
  longestCollectionMs: number
  rss: number
  heapUsed: number
}

let last = { cpuSeconds: 0, at: performance.now(), collections: { ...collections } }

serve(handlers)
// The channel must not keep a server alive that wants to end.
process.channel?.unref()
