import { expect } from 'chai'
import { Batched } from './batched.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('questions of one moment', () => {
  it('are asked together, and each gets its answer', async () => {
    const asked: number[][] = []
    const doubles = new Batched(
      async (numbers: number[]) => {
        asked.push(numbers)
        return numbers.map((n) => 2 * n)
      },
      { size: 3, inFlight: 9, apartMs: 0 },
    )
    expect(await Promise.all([1, 2, 3, 4].map((n) => doubles.ask(n)))).to.deep.equal([2, 4, 6, 8])
    expect(await doubles.ask(5)).to.equal(10)
    expect(asked).to.deep.equal([[1, 2, 3], [4], [5]])
  })

  it('wait for those before them where enough are in flight, and are then asked together', async () => {
    const asked: { words: string[]; answer: () => void }[] = []
    const echoes = new Batched(
      (words: string[]) => new Promise<string[]>((resolve) => asked.push({ words, answer: () => resolve(words) })),
      { size: 10, inFlight: 2, apartMs: 0 },
    )
    const answers: Promise<string>[] = []
    for (const word of ['a', 'b', 'c', 'd']) {
      answers.push(echoes.ask(word))
      await turn()
    }
    expect(asked.map(({ words }) => words)).to.deep.equal([['a'], ['b']])
    asked[1]?.answer()
    expect(await answers[1]).to.equal('b')
    await turn()
    expect(asked.map(({ words }) => words)).to.deep.equal([['a'], ['b'], ['c', 'd']])
    for (const { answer } of asked) answer()
    expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('are asked at once where none was lately, and else when it is their time', async () => {
    const asked: string[][] = []
    const echoes = new Batched(
      async (words: string[]) => {
        asked.push(words)
        return words
      },
      { size: 3, inFlight: 2, apartMs: 20 },
    )
    expect(await Promise.race([echoes.ask('a'), turn().then(turn)])).to.equal('a')
    await Promise.all(['b', 'c'].map((word) => echoes.ask(word)))
    expect(asked).to.deep.equal([['a'], ['b', 'c']])
  })

  it('wait for their time, unless they are enough for a batch', async () => {
    const asked: string[][] = []
    const echoes = new Batched(
      async (words: string[]) => {
        asked.push(words)
        return words
      },
      { size: 3, inFlight: 2, apartMs: 1e6 },
    )
    await echoes.ask('a')
    const answers = [echoes.ask('b')]
    await turn()
    expect(asked).to.deep.equal([['a']])
    answers.push(echoes.ask('c'), echoes.ask('d'))
    expect(await Promise.all(answers)).to.deep.equal(['b', 'c', 'd'])
    expect(asked).to.deep.equal([['a'], ['b', 'c', 'd']])
  })

  it('fail together, and the next are asked again', async () => {
    let isAway = true
    const echoes = new Batched(
      async (words: string[]) => {
        if (isAway) throw new Error('away')
        return words
      },
      { size: 10, inFlight: 1, apartMs: 0 },
    )
    const failed = await Promise.allSettled(['a', 'b'].map((word) => echoes.ask(word)))
    expect(failed.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
    isAway = false
    expect(await echoes.ask('c')).to.equal('c')
  })
})
