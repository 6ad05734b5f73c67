import { MemoryBus } from '@mdcreator/shared/bus/memory'
import { newId } from '@mdcreator/shared/ids'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { announce } from './announce.ts'

describe('announcing a change of rights', () => {
  const event = { workspace_id: newId(), user_id: newId() }
  let lines: { level: string; user_id: string }[]
  const log = createLogger('warn', { write: (line) => lines.push(JSON.parse(line)) })
  let bus: MemoryBus
  beforeEach(() => {
    lines = []
    bus = new MemoryBus(log)
  })

  it('reaches who listens', async () => {
    const heard: unknown[] = []
    bus.subscribe('access.changed', (change) => void heard.push(change))
    await announce(bus, log, event)
    expect(heard).to.deep.equal([event])
    expect(lines).to.deep.equal([])
  })

  it('does not fail where nobody can be told, and logs who it was about', async () => {
    bus.publish = () => Promise.reject(new Error('away'))
    await announce(bus, log, event)
    expect(lines).to.have.length(1)
    expect(lines[0]).to.deep.include({ level: 'error', ...event })
  })

  it('waits for no longer than about a second, and still hears of the failure', async () => {
    let fail = (_: Error): void => {}
    bus.publish = () => new Promise((_, reject) => (fail = reject))
    const begun = performance.now()
    await announce(bus, log, event)
    expect(performance.now() - begun).to.be.within(900, 2_000)
    expect(lines.map(({ level }) => level)).to.deep.equal(['warn'])
    fail(new Error('away'))
    await new Promise(setImmediate)
    expect(lines.map(({ level }) => level)).to.deep.equal(['warn', 'error'])
  })
})
