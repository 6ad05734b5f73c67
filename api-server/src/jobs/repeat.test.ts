import { createLogger } from '@mdcreator/shared/log'
import { until } from '@mdcreator/shared/testing'
import { expect } from 'chai'
import { repeat } from './repeat.ts'

describe('a repeated job', () => {
  const log = createLogger('silent')

  it('runs again after a failure, never twice at a time, and not after it was stopped', async () => {
    let [runs, current, most] = [0, 0, 0]
    const job = repeat({
      name: 'test',
      everyMs: 1,
      log,
      run: async () => {
        most = Math.max(most, ++current)
        await new Promise(setImmediate)
        current--
        if (++runs === 1) throw new Error('the first time')
      },
    })
    await until(() => runs >= 3)
    job.stop()
    await until(() => current === 0)
    const stoppedAt = runs
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(runs).to.equal(stoppedAt)
    expect(most).to.equal(1)
  })

  it('says once that it fails', async () => {
    const lines: unknown[] = []
    let runs = 0
    const job = repeat({
      name: 'test',
      everyMs: 1,
      log: { warn: (...line: unknown[]) => lines.push(line) } as unknown as typeof log,
      run: async () => {
        runs++
        throw new Error('again')
      },
    })
    await until(() => runs >= 3)
    job.stop()
    expect(lines).to.have.length(1)
  })
})
