import { expect } from 'chai'
import { RememberedTokens } from './remembered-tokens.ts'

const inAMinute = () => Date.now() / 1000 + 60

describe('remembered tokens', () => {
  it('are known until they expire, and no others are', () => {
    const tokens = new RememberedTokens<string>()
    tokens.set('a.b.c', 'ada', inAMinute())
    tokens.set('d.e.f', 'eve', Date.now() / 1000 - 1)
    expect(tokens.get('a.b.c')).to.equal('ada')
    for (const other of ['a.b.d', 'd.e.f', '', 'a.b.c ']) expect(tokens.get(other), other).to.equal(undefined)
  })

  it('are forgotten after five minutes, though the clock on the wall is set back', () => {
    const clocks = { wall: Date.now, monotonic: performance.now }
    const tokens = new RememberedTokens<string>()
    const exp = Date.now() / 1000 + 86_400
    try {
      tokens.set('a.b.c', 'ada', exp)
      Date.now = () => clocks.wall() - 3_600_000
      expect(tokens.get('a.b.c')).to.equal('ada')
      performance.now = () => clocks.monotonic.call(performance) + 5 * 60_000
      expect(tokens.get('a.b.c')).to.equal(undefined)
    } finally {
      Date.now = clocks.wall
      performance.now = clocks.monotonic
    }
  })

  it('make room for others, those that were not used first', () => {
    const tokens = new RememberedTokens<number>()
    for (let i = 0; i < 5_000; i++) tokens.set(`token ${i}`, i, inAMinute())
    expect(tokens.get('token 0')).to.equal(0)
    tokens.set('one more', -1, inAMinute())
    expect(tokens.get('token 0')).to.equal(0)
    expect(tokens.get('token 1')).to.equal(undefined)
    expect(tokens.get('one more')).to.equal(-1)
  })
})
