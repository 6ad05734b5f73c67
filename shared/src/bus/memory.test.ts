import { expect } from 'chai'
import { newId } from '../ids.ts'
import { createLogger, requestContext } from '../log.ts'
import { BusError } from './bus.ts'
import { MemoryBus } from './memory.ts'

describe('the bus in memory', () => {
  const command = { document_id: newId(), user_id: newId(), content: 'text', base_hash: 'hash' }
  const newBus = (): MemoryBus => new MemoryBus(createLogger('silent'))
  const failure = async (work: Promise<unknown>): Promise<BusError['reason']> => {
    const error = await work.then(
      () => expect.fail('was answered'),
      (error: unknown) => error,
    )
    expect(error).to.be.instanceOf(BusError)
    return (error as BusError).reason
  }

  it("brings a command to its handler and the answer back, with the request's id", async () => {
    const bus = newBus()
    const senders: string[] = []
    bus.handle('document.write-markdown', async (request, sender) => {
      senders.push(sender.requestId, requestContext.getStore()?.requestId ?? '')
      expect(request).to.deep.equal(command)
      return { outcome: 'written' }
    })
    const reply = await requestContext.run({ requestId: 'r-1' }, () => bus.request('document.write-markdown', command))
    expect(reply).to.deep.equal({ outcome: 'written' })
    expect(senders).to.deep.equal(['r-1', 'r-1'])
  })

  it('lets one handler answer where several offer to', async () => {
    const bus = newBus()
    let calls = 0
    for (let i = 0; i < 3; i++) {
      bus.handle('document.write-markdown', async () => {
        calls++
        return { outcome: 'written' }
      })
    }
    await bus.request('document.write-markdown', command)
    expect(calls).to.equal(1)
  })

  it('says that nobody handles a command, also after the handler has left', async () => {
    const bus = newBus()
    expect(await failure(bus.request('document.write-markdown', command))).to.equal('unavailable')
    bus.handle('document.write-markdown', async () => ({ outcome: 'written' }))()
    expect(await failure(bus.request('document.write-markdown', command))).to.equal('unavailable')
  })

  it('says that an answer did not come in time, or that the handler failed', async () => {
    const bus = newBus()
    const stop = bus.handle('document.write-markdown', () => new Promise(() => {}))
    expect(await failure(bus.request('document.write-markdown', command, { timeoutMs: 10 }))).to.equal('timeout')
    stop()
    bus.handle('document.write-markdown', () => Promise.reject(new Error('broken')))
    expect(await failure(bus.request('document.write-markdown', command))).to.equal('failed')
  })

  it('lets no malformed message through, as no wire would', async () => {
    const bus = newBus()
    let called = false
    bus.handle('document.write-markdown', async () => {
      called = true
      return { outcome: 'written' }
    })
    const malformed = bus.request('document.write-markdown', { ...command, document_id: 'no id' })
    expect(
      await malformed.then(
        () => 'accepted',
        (error: Error) => error.name,
      ),
    ).to.equal('ZodError')
    expect(called).to.equal(false)
  })

  it('brings an event to every subscriber, though one fails', async () => {
    const bus = newBus()
    const seen: string[] = []
    bus.subscribe('access.changed', () => {
      throw new Error('broken')
    })
    const stop = bus.subscribe('access.changed', ({ document_id = '' }) => void seen.push(document_id))
    await bus.publish('access.changed', { document_id: command.document_id })
    stop()
    await bus.publish('access.changed', { document_id: command.document_id })
    expect(seen).to.deep.equal([command.document_id])
  })
})
