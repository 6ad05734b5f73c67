import { expect } from 'chai'
import { Recent } from './recent.ts'

const half = 16 * 1024 * 1024

describe('what is kept of recent commands', () => {
  it('is the latest thousand', () => {
    const recent = new Recent<number>()
    for (let i = 0; i < 1_000; i++) {
      expect(recent.hasRoomFor(1)).to.equal(true)
      recent.add(`id ${i}`, i, 1)
    }
    expect(recent.hasRoomFor(1)).to.equal(false)
    recent.add('one more', 1_000, 1)
    expect(recent.get('id 0')).to.equal(undefined)
    expect(recent.get('id 1')).to.equal(1)
    recent.delete('id 1')
    expect(recent.hasRoomFor(1)).to.equal(true)
  })

  it('is at most 32 MB', () => {
    const recent = new Recent<string>()
    recent.add('a', 'first', half)
    expect(recent.hasRoomFor(half)).to.equal(true)
    recent.add('b', 'second', half)
    expect(recent.hasRoomFor(1)).to.equal(false)
    recent.add('c', 'third', half)
    expect(['a', 'b', 'c'].map((id) => recent.get(id))).to.deep.equal([undefined, 'second', 'third'])
    recent.delete('b')
    expect(recent.hasRoomFor(half)).to.equal(true)
  })
})
