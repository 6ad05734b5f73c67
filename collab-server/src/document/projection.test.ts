import { mock } from 'node:test'
import { createLogger } from '@mdcreator/shared/log'
import { nodes } from '@mdcreator/shared/markdown/schema'
import { expect } from 'chai'
import type { LiveDocument } from './live-document.ts'
import { Projector } from './projection.ts'

const log = createLogger('silent')

describe('planned projections', () => {
  it('keep no process alive once they are closed', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const projector = new Projector({ project: async () => new Set() }, log)
    const [planned, late] = [{} as LiveDocument, {} as LiveDocument]
    const before = timers()
    projector.schedule(planned, 60_000)
    expect(timers()).to.equal(before + 1)
    projector.close()
    projector.schedule(late, 60_000)
    expect(timers()).to.equal(before)
  })
})

describe('projections of a document that several servers hold', () => {
  const live = {
    ...{ id: 'one', clock: 7, lastEditor: null, document: { isDestroyed: false } },
    reading: () => [].values(),
    read: () => {
      made++
      return nodes.doc.create(null, nodes.paragraph.create())
    },
  } as unknown as LiveDocument
  const storage = { project: async () => new Set(['one']) }
  let made: number
  let projector: Projector

  beforeEach(() => {
    made = 0
    mock.timers.enable({ apis: ['setTimeout'] })
  })
  afterEach(() => {
    projector.close()
    mock.timers.reset()
  })

  /** A server that plans one after an edit. */
  function planned(isOurs: boolean): void {
    projector = new Projector(storage, log, { isOurs: () => isOurs, tell: () => {} })
    projector.schedule(live)
  }
  async function pass(ms: number): Promise<void> {
    mock.timers.tick(ms)
    await new Promise(setImmediate)
  }

  it('are made within a second by the one whose turn it is', async () => {
    planned(true)
    await pass(900)
    expect(made).to.equal(1)
  })

  it('are made by that one whatever another one tells of', async () => {
    planned(true)
    projector.projectedElsewhere(live, 7)
    await pass(900)
    expect(made).to.equal(1)
  })

  it('are left to it by the others', async () => {
    planned(false)
    await pass(900)
    projector.projectedElsewhere(live, 7)
    await pass(10_000)
    expect(made).to.equal(0)
  })

  it('are made by another one where it does not', async () => {
    planned(false)
    await pass(900)
    expect(made).to.equal(0)
    await pass(500)
    expect(made).to.equal(1)
  })

  it('are made by another one where the last one lacks an edit', async () => {
    planned(false)
    await pass(900)
    projector.projectedElsewhere(live, 6)
    await pass(1_300)
    expect(made).to.equal(1)
  })

  it('are told of once they are written', async () => {
    mock.timers.reset()
    const clock = await new Promise<number>((resolve) => {
      projector = new Projector(storage, log, { isOurs: () => true, tell: (_, clock) => resolve(clock) })
      projector.schedule(live, 0)
    })
    expect(clock).to.equal(7)
  })
})
