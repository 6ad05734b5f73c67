import { expect } from 'chai'
import { newId } from '../ids.ts'
import { requestContext } from '../log.ts'
import { until } from '../testing.ts'
import { type Bus, BusError } from './bus.ts'

export const command = { document_id: newId(), user_id: newId(), content: 'text', base_hash: 'hash' }

/** Why a request was not answered. */
export async function failure(work: Promise<unknown>): Promise<BusError['reason']> {
  const error = await work.then(
    () => expect.fail('was answered'),
    (error: unknown) => error,
  )
  expect(error).to.be.instanceOf(BusError)
  return (error as BusError).reason
}

/** What every bus must do. `create` gives the buses of an API and a collab server that can reach each other. */
export function describeBus(name: string, create: () => Promise<{ api: Bus; collab: Bus }>): void {
  describe(name, () => {
    let api: Bus
    let collab: Bus

    beforeEach(async function () {
      if (this.currentTest?.isPending()) return
      const buses = await create()
      api = buses.api
      collab = buses.collab
      await settled()
    })
    afterEach(() => Promise.all([api.close(), collab.close()]))

    const settled = (): Promise<void> => until(() => api.isConnected && collab.isConnected)

    it("brings a command to its handler and the answer back, with the request's id", async () => {
      const senders: string[] = []
      collab.handle('document.write-markdown', async (request, sender) => {
        senders.push(sender.requestId, requestContext.getStore()?.requestId ?? '')
        expect(request).to.deep.equal(command)
        return { outcome: 'conflict', content: 'theirs – ü 漢 \u0000', content_hash: 'other' }
      })
      const reply = await requestContext.run({ requestId: 'r-1' }, () =>
        api.request('document.write-markdown', command),
      )
      expect(reply).to.deep.equal({ outcome: 'conflict', content: 'theirs – ü 漢 \u0000', content_hash: 'other' })
      expect(senders).to.deep.equal(['r-1', 'r-1'])
    })

    it('answers each of many requests with its own answer', async () => {
      collab.handle('document.write-markdown', async ({ content }) => {
        await new Promise((resolve) => setTimeout(resolve, Number(content) % 7))
        return { outcome: 'conflict', content, content_hash: 'hash' }
      })
      const contents = Array.from({ length: 200 }, (_, i) => String(i))
      const replies = await Promise.all(
        contents.map((content) => api.request('document.write-markdown', { ...command, content })),
      )
      expect(replies.map((reply) => reply.outcome === 'conflict' && reply.content)).to.deep.equal(contents)
    })

    it('lets one handler answer where several offer to', async () => {
      let calls = 0
      for (const bus of [collab, api, collab]) {
        bus.handle('document.write-markdown', async () => {
          calls++
          return { outcome: 'written' }
        })
      }
      await settled()
      await api.request('document.write-markdown', command)
      await api.request('document.write-markdown', command)
      expect(calls).to.equal(2)
    })

    it('says that nobody handles a command, also after the handler has left', async () => {
      expect(await failure(api.request('document.write-markdown', command))).to.equal('unavailable')
      collab.handle('document.write-markdown', async () => ({ outcome: 'written' }))()
      expect(await failure(api.request('document.write-markdown', command))).to.equal('unavailable')
    })

    it('says that an answer did not come in time, or that the handler failed', async () => {
      const stop = collab.handle('document.write-markdown', () => new Promise(() => {}))
      expect(await failure(api.request('document.write-markdown', command, { timeoutMs: 50 }))).to.equal('timeout')
      stop()
      collab.handle('document.write-markdown', () => Promise.reject(new Error('broken')))
      expect(await failure(api.request('document.write-markdown', command))).to.equal('failed')
    })

    it('says that the handler failed where its answer is not as declared', async () => {
      collab.handle('document.write-markdown', async () => ({ outcome: 'unheard of' }) as never)
      expect(await failure(api.request('document.write-markdown', command))).to.equal('failed')
    })

    it('lets no malformed message through', async () => {
      let called = false
      collab.handle('document.write-markdown', async () => {
        called = true
        return { outcome: 'written' }
      })
      collab.subscribe('access.changed', () => {
        called = true
      })
      const nameOf = (work: Promise<unknown>): Promise<string> =>
        work.then(
          () => 'accepted',
          (error: Error) => error.name,
        )
      expect(await nameOf(api.request('document.write-markdown', { ...command, document_id: 'no id' }))).to.equal(
        'ZodError',
      )
      expect(await nameOf(api.publish('access.changed', { document_id: 'no id' }))).to.equal('ZodError')
      expect(called).to.equal(false)
    })

    it('brings an event to every subscriber, though one fails, and not to those who have left', async () => {
      const seen: string[] = []
      collab.subscribe('access.changed', () => {
        throw new Error('broken')
      })
      const stop = collab.subscribe('access.changed', () => seen.push('left'))
      collab.subscribe('access.changed', ({ document_id }) => seen.push(`collab ${document_id}`))
      api.subscribe('access.changed', ({ document_id }) => seen.push(`api ${document_id}`))
      stop()
      await settled()
      await api.publish('access.changed', { document_id: command.document_id })
      await until(() => seen.length >= 2)
      expect(seen.sort()).to.deep.equal([`api ${command.document_id}`, `collab ${command.document_id}`])
    })

    it('rejects the requests that wait when it is closed, and those that come after', async () => {
      let called = false
      collab.handle('document.write-markdown', () => {
        called = true
        return new Promise(() => {})
      })
      const waiting = failure(api.request('document.write-markdown', command))
      await until(() => called)
      await api.close()
      expect(await waiting).to.equal('unavailable')
      expect(await failure(api.request('document.write-markdown', command))).to.equal('unavailable')
    })
  })
}
