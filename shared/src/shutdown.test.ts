import { expect } from 'chai'
import { createLogger } from './log.ts'
import { Shutdown } from './shutdown.ts'

describe('shutting down', () => {
  it('runs the steps once, the last one added first, each after the one before has ended', async () => {
    const shutdown = new Shutdown(createLogger('silent'))
    const order: string[] = []
    for (const name of ['database', 'server', 'sockets']) {
      shutdown.add(name, async () => {
        order.push(`${name} begins`)
        await new Promise(setImmediate)
        order.push(`${name} ends`)
      })
    }
    expect(await Promise.all([shutdown.stop(), shutdown.stop()])).to.deep.equal([true, true])
    expect(order).to.deep.equal([
      ...['sockets begins', 'sockets ends', 'server begins', 'server ends', 'database begins', 'database ends'],
    ])
  })

  it('goes on after a step that fails or hangs, and says that it was not clean', async () => {
    const shutdown = new Shutdown(createLogger('silent'), 0)
    let closed = false
    shutdown.add('database', () => {
      closed = true
    })
    shutdown.add('hanging', () => new Promise(() => {}))
    shutdown.add('failing', () => Promise.reject(new Error('broken')))
    expect(await shutdown.stop()).to.equal(false)
    expect(closed).to.equal(true)
  })

  it('gives a step no more time where the clock on the wall is set back meanwhile', async () => {
    const { now } = Date
    const shutdown = new Shutdown(createLogger('silent'), 0)
    shutdown.add('hanging', () => new Promise(() => {}))
    shutdown.add('setting the clock', () => {
      Date.now = () => now() - 3_600_000
    })
    try {
      expect(await shutdown.stop()).to.equal(false)
    } finally {
      Date.now = now
    }
  })
})
