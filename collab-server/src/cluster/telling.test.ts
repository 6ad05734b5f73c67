import { mock } from 'node:test'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { type Client, openSocket, until } from '../testing.ts'
import { MessageType, SyncType } from '../wire/frame.ts'
import { twoServers } from './testing.ts'

describe('what servers tell each other', () => {
  const two = twoServers()

  const at = ({ provider }: Client, { document }: Client): unknown =>
    provider.awareness?.getStates().get(document.clientID)?.['at']
  /** A document on both servers, each of which knows that the other one holds it too. */
  async function shared(): Promise<{ document: string; here: Client; there: Client }> {
    const document = await two.world.document()
    const [here, there] = [
      two.world.connect(two.first, document, two.token),
      two.world.connect(two.second, document, two.token),
    ]
    await Promise.all([here.synced(), there.synced()])
    here.provider.setAwarenessField('at', 'here')
    there.provider.setAwarenessField('at', 'there')
    await until(() => at(here, there) === 'there' && at(there, here) === 'here')
    return { document, here, there }
  }

  it('of an edit and a caret reaches those that hold the document, and nobody else', async () => {
    const { here, there } = await shared()
    const alone = two.world.connect(two.first, await two.world.document(), two.token)
    await alone.synced()
    const stranger = new Redis(two.redis.config.url)
    const heard: string[] = []
    stranger.on('pmessageBuffer', (_pattern: Buffer, _channel: Buffer, message: Buffer) => {
      heard.push(message.toString('latin1'))
    })
    await stranger.psubscribe(`${two.redis.config.prefix}*`)
    alone.type('only here')
    alone.provider.setAwarenessField('at', 'nowhere else')
    await alone.synced()
    here.type('on both')
    await until(() => there.words() === 'on both')
    await until(() => heard.some((message) => message.includes('on both')))
    for (const message of heard) expect(message).to.not.match(/only here|nowhere else/)
    await stranger.quit()
  })

  it('while Redis is away is told their own people, and harms nobody', async () => {
    const { document, here } = await shared()
    const heard: string[] = []
    here.provider.on('stateless', ({ payload }: { payload: string }) => heard.push(payload))
    await two.redis.kill()
    await until(() => !two.first.collab.isConnected)
    two.first.collab.hocuspocus.documents.get(document)?.broadcastStateless('to those who are here')
    await until(() => heard.length === 1)
    here.type('still here')
    await here.synced()
    await two.redis.restart()
    await until(() => two.first.collab.isConnected && two.second.collab.isConnected)
  })

  describe('is worth a wait', () => {
    let now: number
    let ws: Awaited<ReturnType<typeof openSocket>>['ws']
    let acknowledged: number
    afterEach(() => {
      mock.timers.tick(1_000)
      mock.timers.reset()
      mock.restoreAll()
      ws.terminate()
    })

    /** From now on time passes only where it is told to. */
    function stopTime(): void {
      now = performance.now() + 1_000
      mock.timers.enable({ apis: ['setTimeout'] })
      mock.method(performance, 'now', () => now)
    }
    const turns = async (isOver: () => boolean): Promise<void> => {
      while (!isOver()) await new Promise(setImmediate)
    }
    const frame = (document: string, type: number, kind: number, payload: Uint8Array): Uint8Array =>
      encoding.encode((encoder) => {
        encoding.writeVarString(encoder, document)
        encoding.writeVarUint(encoder, type)
        encoding.writeVarUint(encoder, kind)
        encoding.writeVarUint8Array(encoder, payload)
      })

    /** Somebody without timers of their own; returns how they make edits. */
    async function enter(document: string): Promise<() => void> {
      acknowledged = 0
      ;({ ws } = await openSocket(two.first.url))
      ws.on('message', (data: Buffer) => {
        if (data.at(-2) === 8 && data.at(-1) === 1) acknowledged++
      })
      ws.send(frame(document, MessageType.Auth, 0, Buffer.from(two.token)))
      const doc = new Y.Doc()
      doc.on('update', (update: Uint8Array) => ws.send(frame(document, MessageType.Sync, SyncType.Update, update)))
      return () => doc.getText('notes').insert(0, 'x')
    }

    it('so that edits of a document on several servers are committed 8 ms apart', async () => {
      const edit = await enter((await shared()).document)
      edit()
      await until(() => acknowledged === 1)
      stopTime()
      edit()
      await turns(() => acknowledged === 2)
      edit()
      await turns(() => two.first.collab.unstored === 1)
      // Longer than a commit takes.
      for (let i = 0; i < 20; i++) await two.world.owner.query('select')
      expect(two.first.collab.unstored).to.equal(1)
      now += 8
      mock.timers.tick(8)
      await turns(() => acknowledged === 3)
    })

    it('but not of one that no other server holds: they are committed at once', async () => {
      const edit = await enter(await two.world.document())
      edit()
      await until(() => acknowledged === 1)
      stopTime()
      for (const total of [2, 3, 4]) {
        edit()
        await turns(() => acknowledged === total)
      }
    })
  })
})
