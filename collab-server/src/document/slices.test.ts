import { finish, type Steps } from '@mdcreator/shared/steps'
import { expect } from 'chai'
import { inSlices } from './slices.ts'

describe('work in slices', () => {
  function* work(count: number, step: () => void): Steps<number> {
    for (let i = 0; i < count; i++) {
      step()
      yield
    }
    return count
  }
  const takeMs = (ms: number): void => {
    for (const begun = performance.now(); performance.now() - begun < ms; );
  }

  it('gives what it gives at once', async () => {
    let steps = 0
    expect(await inSlices(work(100, () => steps++))).to.equal(100)
    expect(finish(work(100, () => steps++))).to.equal(100)
    expect(steps).to.equal(200)
  })

  it('lets others have their turn', async () => {
    let turns = 0
    const others = setInterval(() => turns++, 1)
    await inSlices(work(20, () => takeMs(2)))
    clearInterval(others)
    expect(turns).to.be.at.least(3)
  })

  it('fails where the work does', async () => {
    const failing = work(1, () => {
      throw new Error('no')
    })
    expect(await inSlices(failing).catch(({ message }) => message)).to.equal('no')
  })
})
