import { EventEmitter } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import type { Pool } from '@mdcreator/db/database'
import { createLogger, type Logger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { rehearse } from './rehearsal.ts'

describe('a rehearsal', () => {
  const log = createLogger('silent')
  const never = new AbortController().signal
  /** Longer than a test may take. */
  const long = 60_000

  // It is for the process of a server.
  after(() => setFlagsFromString('--no-always-sparkplug'))

  it('lets made-up people in, without any database', async function () {
    this.timeout(long)
    expect(await rehearse({ log, signal: never, limitMs: long })).to.equal(2_000)
  })

  it('ends in the middle where somebody real is there', async () => {
    const real = new AbortController()
    const visits = rehearse({ log, signal: real.signal, limitMs: long })
    setImmediate(() => real.abort())
    expect(await visits).to.equal(0)
  })

  it('ends in time where nobody is let in', async () => {
    const silent = Object.assign(new EventEmitter(), { query: () => new Promise(() => {}), end: async () => {} })
    expect(await rehearse({ log, signal: never, limitMs: 100, database: silent as unknown as Pool })).to.equal(0)
  })

  it('that cannot be held is none, and says so', async () => {
    const warnings: string[] = []
    const warn = { ...log, warn: (_: object, text: string) => warnings.push(text) } as unknown as Logger
    expect(await rehearse({ log: warn, signal: never, database: {} as Pool })).to.equal(0)
    expect(warnings).to.deep.equal(['there is no rehearsal'])
  })
})
