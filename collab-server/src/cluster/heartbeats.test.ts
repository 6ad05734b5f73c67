import { mock } from 'node:test'
import { expect } from 'chai'
import { Heartbeats } from './heartbeats.ts'

describe('heartbeats', () => {
  let now: number
  let gone: string[]
  let heartbeats: Heartbeats
  beforeEach(() => {
    now = 0
    gone = []
    mock.timers.enable({ apis: ['setInterval'] })
    heartbeats = new Heartbeats({
      send: () => {},
      onGone: (server) => gone.push(server),
      isConnected: () => true,
      now: () => now,
    })
    heartbeats.start()
    heartbeats.heardOf('other')
  })
  afterEach(() => {
    heartbeats.stop()
    mock.timers.reset()
  })

  /** Time in which the event loop turns. */
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 250) {
      now += 250
      mock.timers.tick(250)
    }
  }

  it('that stay away for 3.5 s end a server', () => {
    pass(3_500)
    expect(gone).to.deep.equal([])
    pass(250)
    expect(gone).to.deep.equal(['other'])
  })

  it('that could not be heard, for the event loop stood still, end nobody', () => {
    now += 5_000
    pass(250)
    expect(gone).to.deep.equal([])
    pass(3_750)
    expect(gone).to.deep.equal(['other'])
  })
})
