import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import type { LiveDocument } from './live-document.ts'
import { Projector } from './projection.ts'

describe('planned projections', () => {
  it('keep no process alive once they are closed', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const projector = new Projector({ project: async () => new Set() }, createLogger('silent'))
    const [planned, late] = [{} as LiveDocument, {} as LiveDocument]
    const before = timers()
    projector.schedule(planned, 60_000)
    expect(timers()).to.equal(before + 1)
    projector.close()
    projector.schedule(late, 60_000)
    expect(timers()).to.equal(before)
  })
})
