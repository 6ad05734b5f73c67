import { expect } from 'chai'
import { seededRandom } from '../random.ts'
import { diff } from './diff.ts'
import { seeds } from './testing-documents.ts'

/** The second sequence, made of the first and the changes. */
function apply(a: readonly string[], b: readonly string[]): string[] {
  const out: string[] = []
  let at = 0
  for (const { aStart, aEnd, bStart, bEnd } of diff(a, b)) {
    out.push(...a.slice(at, aStart), ...b.slice(bStart, bEnd))
    at = aEnd
  }
  return [...out, ...a.slice(at)]
}

const changed = (a: string, b: string) =>
  diff([...a], [...b]).map(({ aStart, aEnd, bStart, bEnd }) => [aStart, aEnd, bStart, bEnd])

describe('diff', () => {
  it('finds nothing between equal sequences', () => {
    expect(changed('abc', 'abc')).to.deep.equal([])
  })

  it('finds changes far apart as changes of their own', () => {
    expect(changed('abcdefgh', 'aBcdefGh')).to.deep.equal([
      [1, 2, 1, 2],
      [6, 7, 6, 7],
    ])
  })

  it('finds insertions, deletions and moves', () => {
    expect(changed('abc', 'abxc')).to.deep.equal([[2, 2, 2, 3]])
    expect(changed('abc', 'ac')).to.deep.equal([[1, 2, 1, 1]])
    expect(changed('abcd', 'bcda')).to.deep.equal([
      [0, 1, 0, 0],
      [4, 4, 3, 4],
    ])
  })

  it('turns one sequence into the other, whatever they are', () => {
    for (const seed of seeds(300)) {
      const random = seededRandom(seed)
      const sequence = () => Array.from({ length: Math.floor(random() * 30) }, () => String(Math.floor(random() * 12)))
      const [a, b] = [sequence(), sequence()]
      expect(apply(a, b), `seed ${seed}`).to.deep.equal(b)
    }
  })

  it('copes with sequences of thousands that share nothing unique', () => {
    const a = Array.from({ length: 20_000 }, (_, index) => String(index % 3))
    const b = Array.from({ length: 20_000 }, (_, index) => String(index % 2))
    expect(apply(a, b)).to.deep.equal(b)
  })
})
