import { expect } from 'chai'
import { retrying } from './retry.ts'

describe('trying again', () => {
  const fail = (): never => {
    throw new Error('not yet')
  }

  it('goes on until it works', async () => {
    let attempts = 0
    expect(await retrying(async () => (++attempts < 3 ? fail() : attempts), 10_000)).to.equal(3)
  })

  it('may go on for how long the error is worth', async () => {
    let attempts = 0
    const outcome = retrying(
      async () => (++attempts < 3 ? fail() : Promise.reject(new Error('never'))),
      (error) => ((error as Error).message === 'never' ? 0 : 10_000),
    )
    expect(await outcome.catch((error: Error) => error.message)).to.equal('never')
    expect(attempts).to.equal(3)
  })

  it('ends with the last error after its time, whatever the clock on the wall says', async () => {
    const { now } = Date
    let attempts = 0
    try {
      const outcome = retrying(async () => {
        // Set by hand, or by a time server.
        Date.now = () => now() + attempts * 3_600_000
        attempts++
        fail()
      }, 60)
      expect(await outcome.catch((error: Error) => error.message)).to.equal('not yet')
    } finally {
      Date.now = now
    }
    expect(attempts).to.be.above(1)
  })
})
