import { expect } from 'chai'
import { Batched } from './batched.ts'

describe('questions of one moment', () => {
  it('are asked together, and each gets its answer', async () => {
    const asked: number[][] = []
    const doubles = new Batched(async (numbers: number[]) => {
      asked.push(numbers)
      return numbers.map((n) => 2 * n)
    }, 3)
    expect(await Promise.all([1, 2, 3, 4].map((n) => doubles.ask(n)))).to.deep.equal([2, 4, 6, 8])
    expect(await doubles.ask(5)).to.equal(10)
    expect(asked).to.deep.equal([[1, 2, 3], [4], [5]])
  })

  it('fail together, and the next are asked again', async () => {
    let isAway = true
    const echoes = new Batched(async (words: string[]) => {
      if (isAway) throw new Error('away')
      return words
    }, 10)
    const failed = await Promise.allSettled(['a', 'b'].map((word) => echoes.ask(word)))
    expect(failed.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
    isAway = false
    expect(await echoes.ask('c')).to.equal('c')
  })
})
