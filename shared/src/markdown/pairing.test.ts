import { expect } from 'chai'
import { pairUp } from './pairing.ts'

const entries = (...texts: string[]) =>
  texts.map((key) => ({ kind: key.startsWith('#') ? 'heading' : 'paragraph', key }))

describe('pairUp', () => {
  it('pairs what is alike, not what stands at the same place', () => {
    expect(pairUp(entries('the red fox'), entries('something new', 'the red fox runs'))).to.deep.equal([[0, 1]])
  })

  it('pairs only blocks of the same kind', () => {
    expect(pairUp(entries('# title', 'text'), entries('title', '# text'))).to.have.length(1)
  })

  it('keeps the order', () => {
    const pairs = pairUp(entries('a b', 'c d', 'e f'), entries('e f!', 'a b!', 'c d!'))
    expect(pairs).to.deep.equal([
      [0, 1],
      [1, 2],
    ])
  })

  it('pairs thousands in order', () => {
    const many = entries(...Array.from({ length: 3_000 }, (_, index) => `text ${index}`))
    expect(pairUp(many, many.slice(10))).to.have.length(2_990)
  })
})
