import { expect } from 'chai'
import { isDeeper } from './json-depth.ts'
import { seededRandom } from './random.ts'

const isDeep = (json: string, max: number): boolean => isDeeper(new TextEncoder().encode(json), max)

describe('how deep JSON is', () => {
  it('is seen without parsing it', () => {
    for (const json of ['1', '"[[["', String.raw`"\"[\\\\\"["`, '"é[\u2028["', 'null']) {
      expect(isDeep(json, 0), json).to.equal(false)
    }
    expect(isDeep('[]', 0)).to.equal(true)
    expect(isDeep('[{"[":[]},[]]', 3)).to.equal(false)
    expect(isDeep('[{"[":[]},[]]', 2)).to.equal(true)
    expect(isDeep(String.raw`["\\",[]]`, 1)).to.equal(true)
    expect(isDeep('['.repeat(1_000_000), 100)).to.equal(true)
  })

  it('is what parsing it gives', () => {
    const seed = Number(process.env['SEED'] ?? 20_261_126)
    const random = seededRandom(seed)
    const text = (): string =>
      Array.from({ length: 4 }, () => '"\\[]{}aé\u{1f600}'.at(Math.floor(random() * 9))).join('')
    const anything = (): unknown => {
      const draw = random()
      if (draw < 0.3) return text()
      if (draw < 0.4) return random()
      const length = Math.floor(random() * 3)
      return draw < 0.7
        ? Array.from({ length }, anything)
        : Object.fromEntries(Array.from({ length }, () => [text(), anything()]))
    }
    const depthOf = (value: unknown): number =>
      typeof value === 'object' ? 1 + Math.max(0, ...Object.values(value as object).map(depthOf)) : 0
    for (let i = 0; i < 2_000; i++) {
      const value = anything()
      const json = JSON.stringify(value, null, i % 3)
      const at = `seed ${seed}: ${json}`
      const depth = depthOf(value)
      expect(isDeep(json, depth), at).to.equal(false)
      if (depth > 0) expect(isDeep(json, depth - 1), at).to.equal(true)
    }
  })
})
