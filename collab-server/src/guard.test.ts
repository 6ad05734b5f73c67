import { type Extension, Hocuspocus } from '@hocuspocus/server'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { guarded, Refusal } from './guard.ts'
import { startWorld, until } from './testing.ts'

const unawaited = [
  'onChange',
  'onStateless',
  'onAwarenessUpdate',
  'beforeBroadcastStateless',
  'onDisconnect',
  'afterUnloadDocument',
] as const
const awaited = ['onConnect', 'onAuthenticate', 'onLoadDocument', 'connected', 'beforeUnloadDocument'] as const
const lines: string[] = []
const log = createLogger('error', { write: (line: string) => lines.push(line) })

describe('hooks that throw', () => {
  beforeEach(() => lines.splice(0))

  const thrown = [new Error('broken'), 'a text', undefined, { code: 4401 }]
  const run = (name: string, what: unknown): Promise<unknown> => {
    const fail = (): never => {
      throw what
    }
    const extension = guarded(log, { [name]: fail } as Extension)
    return new Hocuspocus({ quiet: true, extensions: [extension] }).hooks(name as 'onChange', {} as never)
  }

  for (const name of unawaited) {
    it(`do not end the process, where Hocuspocus does not wait for them: ${name}`, async () => {
      for (const what of thrown) await run(name, what)
      expect(lines).to.have.length(thrown.length)
      expect(lines[0]).to.include(name)
    })
  }

  for (const name of awaited) {
    it(`reject with an Error that says nothing of what is inside: ${name}`, async () => {
      for (const what of thrown) {
        const error: unknown = await run(name, what).then(
          () => expect.fail('did not reject'),
          (reason: unknown) => reason,
        )
        expect(error).to.be.instanceOf(Refusal).and.to.include({ reason: 'internal-error', message: '' })
      }
    })
  }

  it('are guarded in a server: nobody else notices', async () => {
    const failing = createLogger('error', { write: (line: string) => lines.push(line) })
    // Which is the last that is done when a document is unloaded.
    failing.debug = () => {
      throw new Error('broken')
    }
    const world = await startWorld()
    const server = await world.server({ log: failing })
    const { token } = await world.person('Ada')
    const left = world.connect(server, await world.document(), token)
    const client = world.connect(server, await world.document(), token)
    await Promise.all([left.synced(), client.synced()])
    left.close()
    await until(() => lines.some((line) => line.includes('afterUnloadDocument')))
    client.type('still here')
    await client.synced()
    expect(client.closes).to.deep.equal([])
    await world.stop()
  })
})
