import { EventEmitter } from 'node:events'
import type { Pool } from '@mdcreator/db/database'
import { createLogger, type Logger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { rehearse } from './rehearsal.ts'

describe('a rehearsal', () => {
  const log = createLogger('silent')
  const never = new AbortController().signal

  it('lets made-up people in, without any database', async () => {
    expect(await rehearse({ log, signal: never })).to.be.within(100, 1_000)
  })

  it('ends in the middle where somebody real is there', async () => {
    const real = new AbortController()
    const started = performance.now()
    const visits = rehearse({ log, signal: real.signal })
    setImmediate(() => real.abort())
    expect(await visits).to.equal(0)
    expect(performance.now() - started).to.be.below(1_500)
  })

  it('ends in time where nobody is let in', async () => {
    const silent = Object.assign(new EventEmitter(), { query: () => new Promise(() => {}), end: async () => {} })
    const started = performance.now()
    expect(await rehearse({ log, signal: never, database: silent as unknown as Pool })).to.equal(0)
    expect(performance.now() - started).to.be.below(5_000)
  })

  it('that cannot be held is none, and says so', async () => {
    const warnings: string[] = []
    const warn = { ...log, warn: (_: object, text: string) => warnings.push(text) } as unknown as Logger
    expect(await rehearse({ log: warn, signal: never, database: {} as Pool })).to.equal(0)
    expect(warnings).to.deep.equal(['there is no rehearsal'])
  })
})
