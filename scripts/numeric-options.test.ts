import { UserError } from '@mdcreator/shared/user-error'
import { expect } from 'chai'
import { readNumericOptions } from './numeric-options.ts'

describe('options of a program', () => {
  const defaults = { seconds: 90, seed: 1 }

  it('are its defaults, but for what is given', () => {
    expect(readNumericOptions(defaults, [])).to.deep.equal(defaults)
    expect(readNumericOptions(defaults, ['--seconds', '5'])).to.deep.equal({ seconds: 5, seed: 1 })
    expect(readNumericOptions(defaults, ['--seed=0', '--seconds=6'])).to.deep.equal({ seconds: 6, seed: 0 })
  })

  for (const args of [['--second', '5'], ['5'], ['--seconds'], ['--seconds', 'x'], ['--seconds='], ['--seconds=-1']]) {
    it(`are told where it is given ${args.join(' ')}`, () => {
      expect(() => readNumericOptions(defaults, args)).to.throw(UserError, '--seconds 90, --seed 1')
    })
  }
})
