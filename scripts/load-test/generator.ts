// The load generator: people in documents, in a process of their own.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { seededRandom } from '@mdcreator/shared/random'
import { Group, type GroupOptions } from './group.ts'
import { Recording } from './recording.ts'
import { serve } from './remote.ts'
import { Timetable } from './timetable.ts'

/** How long everything that was sent may take to arrive after the last edit. */
const quietMs = 15_000

let groups: Group[] = []
let timetable = new Timetable(1_000, [])
let recording = new Recording()
let cpuBefore = process.cpuUsage()
const lag = monitorEventLoopDelay({ resolution: 1 })

const handlers = {
  /** Connects everybody, so many at a time; returns each one's milliseconds until it had its document. */
  async connect({ documents, atOnce }: { documents: GroupOptions[]; atOnce: number }): Promise<Float64Array> {
    groups = documents.map((options) => new Group(options))
    const waiting = groups.flatMap((group) => Array.from({ length: group.size }, (_, person) => ({ group, person })))
    const times: number[] = []
    const connectSome = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const start = performance.now()
        await next.group.connect(next.person)
        times.push(performance.now() - start)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, connectSome))
    return Float64Array.from(times)
  },

  /** The first person of each document puts content into it. Resolves once that is acknowledged. */
  async write({ state }: { state: Uint8Array }): Promise<void> {
    for (const group of groups) group.write(state)
    await quiet()
  },

  /** Everybody makes one edit and one cursor move in each second, at times of their own; about so many edits each. */
  async type({ seed, edits }: { seed: number; edits: number }): Promise<void> {
    for (const group of groups) group.prepare()
    await quiet()
    for (const group of groups) {
      group.begin(edits)
      // A generator that is busy for long answers no pings.
      await setImmediate()
    }
    const random = seededRandom(seed)
    const events = groups.flatMap((group) =>
      Array.from({ length: group.size }, (_, person) => [
        { atMs: random() * 1_000, act: () => group.edit(person) },
        { atMs: random() * 1_000, act: () => group.moveCursor(person) },
      ]).flat(),
    )
    timetable = new Timetable(1_000, events)
    timetable.start()
  },

  measure(): void {
    recording = new Recording()
    cpuBefore = process.cpuUsage()
    lag.reset()
    lag.enable()
    for (const group of groups) group.recording = recording
  },

  /** Stops typing; returns what was measured, once everything has arrived. */
  async finish(): Promise<GeneratorResult> {
    timetable.stop()
    const { user, system } = process.cpuUsage(cpuBefore)
    const used = { cpuSeconds: (user + system) / 1e6, lagP99: lag.percentile(99) / 1e6 }
    lag.disable()
    await quiet()
    const failures = groups.flatMap((group) => group.failures)
    const lost = groups.reduce((sum, group) => sum + group.lost, 0)
    const unacknowledged = groups.filter((group) => !group.isQuiet).length
    const replicas = failures.length > 0 ? [] : await handlers.replicas()
    return {
      ...used,
      propagation: Float64Array.from(recording.propagation),
      propagationAcross: Float64Array.from(recording.propagationAcross),
      cursors: Float64Array.from(recording.cursors),
      acknowledgements: Float64Array.from(recording.acknowledgements),
      edits: recording.edits,
      lost,
      unsettled: unacknowledged,
      failures: failures.slice(0, 5),
      replicas,
    }
  },

  /** The different replicas of each document, in the order of the documents. Somebody who comes only now has one too. */
  async replicas(): Promise<string[][]> {
    return Promise.all(groups.map((group) => group.fingerprints()))
  },

  async close(): Promise<void> {
    await Promise.all(groups.map((group) => group.close()))
  },
}
export type Generator = typeof handlers

/** Times in milliseconds. */
export type GeneratorResult = {
  propagation: Float64Array
  /** Those that went from one server to another. */
  propagationAcross: Float64Array
  cursors: Float64Array
  acknowledgements: Float64Array
  edits: number
  /** Edits that did not reach somebody, summed over those they did not reach. */
  lost: number
  /** Documents in which something sent has not arrived, or an edit is not acknowledged. */
  unsettled: number
  failures: string[]
  /** The different replicas of each document, in the order of the documents. */
  replicas: string[][]
  cpuSeconds: number
  /** How late the generator's own event loop was. */
  lagP99: number
}

async function quiet(): Promise<void> {
  const deadline = performance.now() + quietMs
  while (performance.now() < deadline) {
    if (groups.every((group) => group.isQuiet || group.failures.length > 0)) return
    await delay(5)
  }
}

serve(handlers)
