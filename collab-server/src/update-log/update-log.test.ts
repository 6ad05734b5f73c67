import { setImmediate } from 'node:timers/promises'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { createMetrics } from '../metrics.ts'
import type { LogEntry } from './storage.ts'
import { AppendError, UpdateLog } from './update-log.ts'

const log = createLogger('silent')
const metrics = createMetrics()
const entry = (byte: number): LogEntry => ({
  documentId: 'd',
  data: new Uint8Array([byte]),
  userId: null,
  origin: 'client',
})

/** A database whose commits end when the test says so. */
function heldCommits() {
  const commits: { entries: LogEntry[]; succeed: () => void; fail: (error: Error) => void }[] = []
  let arrived = (): void => {}
  let id = 0
  const commit = (entries: LogEntry[]): Promise<number[]> =>
    new Promise((resolve, reject) => {
      commits.push({ entries, succeed: () => resolve(entries.map(() => ++id)), fail: reject })
      arrived()
    })
  const next = async (n: number) => {
    while (commits.length < n) await new Promise<void>((resolve) => (arrived = resolve))
    return commits[n - 1] as (typeof commits)[number]
  }
  return { commit, next, commits }
}

describe('the update log', () => {
  it('acknowledges an update only when its batch is committed', async () => {
    const { commit, next } = heldCommits()
    const updates = new UpdateLog({ commit, log, metrics })
    let acknowledged = false
    const append = updates.append(entry(1)).then((id) => {
      acknowledged = true
      return id
    })
    const batch = await next(1)
    expect(acknowledged).to.equal(false)
    batch.succeed()
    expect(await append).to.equal(1)
  })

  it('sends what arrives while two batches are under way together, in order', async () => {
    const { commit, next, commits } = heldCommits()
    const updates = new UpdateLog({ commit, log, metrics })
    const first = updates.append(entry(1))
    await next(1)
    const second = updates.append(entry(2))
    await next(2)
    const rest = [3, 4, 5].map((byte) => updates.append(entry(byte)))
    expect(commits).to.have.length(2)
    commits[0]?.succeed()
    const third = await next(3)
    expect(third.entries.map(({ data }) => data[0])).to.deep.equal([3, 4, 5])
    commits[1]?.succeed()
    third.succeed()
    await Promise.all([first, second, ...rest])
    await updates.drained()
  })

  it('lets those that may wait come together, until one may not', async () => {
    const { commit, next, commits } = heldCommits()
    const mayWait = ({ data }: LogEntry): boolean => data[0] !== 4
    const updates = new UpdateLog({ commit, log, metrics, mayWait, apartMs: 60_000 })
    const first = updates.append(entry(1))
    const lone = await next(1)
    const second = updates.append(entry(2))
    await setImmediate()
    const third = updates.append(entry(3))
    await setImmediate()
    expect(commits).to.have.length(1)
    const urgent = updates.append(entry(4))
    const together = await next(2)
    expect(together.entries.map(({ data }) => data[0])).to.deep.equal([2, 3, 4])
    for (const { succeed } of [lone, together]) succeed()
    await Promise.all([first, second, third, urgent])
  })

  it('does not let one wait longer than some milliseconds', async () => {
    const { commit, next } = heldCommits()
    const updates = new UpdateLog({ commit, log, metrics, mayWait: () => true, apartMs: 5 })
    const first = updates.append(entry(1))
    await next(1)
    const second = updates.append(entry(2))
    for (const n of [1, 2]) (await next(n)).succeed()
    expect(await Promise.all([first, second])).to.deep.equal([1, 2])
    await updates.drained()
  })

  it('tries again while the database is away', async () => {
    const { commit, next } = heldCommits()
    const updates = new UpdateLog({ commit, log, metrics })
    const append = updates.append(entry(1))
    ;(await next(1)).fail(Object.assign(new Error('gone'), { code: '57P01' }))
    ;(await next(2)).succeed()
    expect(await append).to.equal(1)
  })

  it('gives up after its time, and says so to every sender of the batch', async () => {
    const commit = (): Promise<never> => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }))
    const updates = new UpdateLog({ commit, log, metrics, giveUpAfterMs: 0 })
    const results = await Promise.allSettled([updates.append(entry(1)), updates.append(entry(2))])
    for (const result of results) expect(result).to.have.property('reason').instanceOf(AppendError)
    await updates.drained()
  })

  it('does not let one update that the database refuses take the others with it', async () => {
    const commit = (entries: LogEntry[]): Promise<number[]> =>
      entries.some(({ data }) => data[0] === 13)
        ? Promise.reject(Object.assign(new Error('refused'), { code: '22021' }))
        : Promise.resolve(entries.map(({ data }) => data[0] as number))
    const updates = new UpdateLog({ commit, log, metrics })
    const results = await Promise.allSettled([1, 13, 2].map((byte) => updates.append(entry(byte))))
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('looks for the refused one by halves: most of the others go on together', async () => {
    const sizes: number[] = []
    const commit = (entries: LogEntry[]): Promise<number[]> => {
      sizes.push(entries.length)
      return entries.some(({ data }) => data[0] === 13)
        ? Promise.reject(Object.assign(new Error('refused'), { code: '22021' }))
        : Promise.resolve(entries.map(({ data }) => data[0] as number))
    }
    const updates = new UpdateLog({ commit, log, metrics })
    const bytes = Array.from({ length: 64 }, (_, i) => i)
    const results = await Promise.allSettled(bytes.map((byte) => updates.append(entry(byte))))
    expect(results.flatMap(({ status }, byte) => (status === 'rejected' ? [byte] : []))).to.deep.equal([13])
    // Both halves of what holds it, six times.
    expect(sizes).to.have.length(1 + 2 * 6)
  })

  it('has no more time for the rows of a refused batch than for any other, all together', async () => {
    let commits = 0
    const commit = async (): Promise<never> => {
      commits++
      if (commits === 1) throw Object.assign(new Error('refused'), { code: '22021' })
      await new Promise((resolve) => setTimeout(resolve, 30))
      throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })
    }
    const updates = new UpdateLog({ commit, log, metrics, giveUpAfterMs: 20 })
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map((byte) => updates.append(entry(byte))))
    for (const result of results) expect(result).to.have.property('reason').instanceOf(AppendError)
    expect(commits).to.be.at.most(2)
    expect(updates.unstored).to.equal(0)
  })
})
