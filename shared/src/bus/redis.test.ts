import { expect } from 'chai'
import { Redis } from 'ioredis'
import { newId } from '../ids.ts'
import { createLogger } from '../log.ts'
import { until } from '../testing.ts'
import { type RedisServer, requireRedis, startRedis } from '../testing-redis.ts'
import { command, failure } from './contract.ts'
import { RedisBus } from './redis.ts'

const log = createLogger('silent')

describe('the bus and its Redis', () => {
  let redis: RedisServer
  before(async function () {
    requireRedis(this)
    redis = await startRedis()
  })
  after(() => redis?.stop())

  const buses: RedisBus[] = []
  let api: RedisBus
  let collab: RedisBus
  let stranger: Redis

  beforeEach(async () => {
    await redis.restart()
    stranger = new Redis(redis.config.url)
    stranger.on('error', () => {})
    api = open()
    collab = open()
    await settled()
  })
  afterEach(async () => {
    stranger.disconnect()
    for (const bus of buses.splice(0)) await bus.close()
  })

  function open(): RedisBus {
    const bus = new RedisBus(redis.config, log)
    buses.push(bus)
    return bus
  }
  const settled = (): Promise<void> => until(() => buses.every(({ isConnected }) => isConnected))
  const answering = (bus: RedisBus, calls: string[], name: string, prefers?: () => boolean): void => {
    bus.handle(
      'document.write-markdown',
      async ({ content }) => {
        calls.push(`${name} ${content}`)
        return { outcome: 'written' }
      },
      prefers,
    )
  }
  const channel = (name: string): string => `${redis.config.prefix}bus:${name}`
  /** Ends the connections that hear channels, as a network does; they come back by themselves. */
  const cutSubscribers = (): Promise<unknown> => stranger.call('CLIENT', 'KILL', 'TYPE', 'pubsub')

  it('gives a command to those who prefer it, and to others where nobody does', async () => {
    const calls: string[] = []
    const third = open()
    answering(third, calls, 'idle', () => false)
    answering(collab, calls, 'holder', () => true)
    await settled()
    for (let i = 0; i < 20; i++) await api.request('document.write-markdown', command)
    expect(new Set(calls)).to.deep.equal(new Set(['holder text']))
    await collab.close()
    expect(await api.request('document.write-markdown', command)).to.deep.equal({ outcome: 'written' })
    expect(calls.at(-1)).to.equal('idle text')
  })

  it('gives each of many commands to one of several handlers', async () => {
    const calls: string[] = []
    for (const [i, bus] of [collab, open(), open()].entries()) answering(bus, calls, String(i))
    await settled()
    const requests = Array.from({ length: 300 }, (_, i) =>
      api.request('document.write-markdown', { ...command, content: String(i) }),
    )
    await Promise.all(requests)
    expect(calls.length).to.equal(300)
    expect(new Set(calls.map((call) => call.split(' ')[1])).size).to.equal(300)
  })

  it('sends a command again where it was lost, and it is handled once', async () => {
    const calls: string[] = []
    const request = api.request('document.write-markdown', command)
    // Nobody heard the first.
    await until(async () => (await stranger.pubsub('NUMSUB', channel('command:document.write-markdown')))[1] === 0)
    answering(collab, calls, 'late')
    answering(open(), calls, 'late')
    expect(await request).to.deep.equal({ outcome: 'written' })
    expect(calls).to.deep.equal(['late text'])
  })

  it('brings an answer that was given while the sender could not hear', async () => {
    let calls = 0
    let finish = (): void => {}
    collab.handle('document.write-markdown', async () => {
      calls++
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return { outcome: 'written' }
    })
    await settled()
    const request = api.request('document.write-markdown', command)
    await until(() => calls === 1)
    await cutSubscribers()
    finish()
    expect(await request).to.deep.equal({ outcome: 'written' })
    expect(calls).to.equal(1)
  })

  it('handles what is granted to it, once, however often it is called and granted', async () => {
    const calls: string[] = []
    answering(collab, calls, 'first')
    answering(open(), calls, 'second')
    await settled()
    const heard: { state: string; server: string }[] = []
    const ear = stranger.duplicate()
    ear.on('message', (_channel: string, message: string) => heard.push(JSON.parse(message)))
    await ear.subscribe(channel('reply:0123456789abcdef'))
    const message = { id: newId(), sender: '0123456789abcdef' }
    const send = (rest: object): Promise<unknown> =>
      stranger.publish(channel('command:document.write-markdown'), JSON.stringify({ ...message, ...rest }))
    const call = { request_id: 'r', payload: command }
    const inState = (state: string): string[] => heard.filter((one) => one.state === state).map(({ server }) => server)
    await send(call)
    await until(() => inState('offered').length === 2)
    await send(call)
    await until(() => inState('offered').length === 4)
    expect(new Set(inState('offered')).size).to.equal(2)
    expect(calls).to.be.empty
    const [granted_to = '', other] = inState('offered')
    await send({ granted_to })
    await until(() => inState('answered').length === 1)
    await send(call)
    await until(() => inState('offered').length === 5)
    expect(inState('offered')[4]).to.equal(other)
    await send({ granted_to })
    await until(() => inState('answered').length === 2)
    // Who would still handle it has done so by the time another is answered.
    expect(await api.request('document.write-markdown', { ...command, content: 'another' })).to.deep.equal({
      outcome: 'written',
    })
    expect(calls.filter((one) => one.endsWith(' text')).length).to.equal(1)
    ear.disconnect()
  })

  it('is done by another server where the first that offered leaves before it is told so', async () => {
    const calls: string[] = []
    const leaveOnceOffered = (): void => {
      const leave = collab.handle(
        'document.write-markdown',
        async () => expect.fail('has left'),
        () => {
          queueMicrotask(leave)
          return true
        },
      )
    }
    leaveOnceOffered()
    await settled()
    expect(await failure(api.request('document.write-markdown', command))).to.equal('unavailable')
    leaveOnceOffered()
    answering(open(), calls, 'other', () => false)
    await settled()
    expect(await api.request('document.write-markdown', command)).to.deep.equal({ outcome: 'written' })
    expect(calls).to.deep.equal(['other text'])
  })

  it('handles nothing that the sender was told is not handled', async () => {
    const calls: string[] = []
    // It hears the command, and nothing else happens on it until the sender has given up.
    const lost: string[] = []
    const ear = stranger.duplicate()
    ear.on('message', (_channel: string, message: string) => lost.push(message))
    await ear.subscribe(channel('command:document.write-markdown'))
    expect(await failure(api.request('document.write-markdown', command))).to.equal('unavailable')
    answering(collab, calls, 'late')
    await settled()
    for (const message of [...lost]) await stranger.publish(channel('command:document.write-markdown'), message)
    await api.request('document.write-markdown', { ...command, content: 'another' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(lost.length).to.be.greaterThan(1)
    expect(calls).to.deep.equal(['late another'])
    ear.disconnect()
  })

  it('says soon that Redis is away, calls back when it is there again, and works on', async () => {
    const calls: string[] = []
    const seen: string[] = []
    let back = 0
    answering(collab, calls, 'collab')
    collab.subscribe('access.changed', ({ document_id = '' }) => void seen.push(document_id))
    collab.onReconnected(() => back++)
    await settled()
    back = 0
    await redis.kill()
    await until(() => !api.isConnected && !collab.isConnected)
    const started = performance.now()
    expect(await failure(api.request('document.write-markdown', command))).to.equal('unavailable')
    expect(performance.now() - started).to.be.below(1_000)
    expect(await api.publish('access.changed', {}).catch(() => 'rejected')).to.equal('rejected')
    await redis.restart()
    await until(() => back === 1)
    await until(() => api.isConnected)
    await api.publish('access.changed', { document_id: command.document_id })
    await until(() => seen.length === 1)
    expect(await api.request('document.write-markdown', command)).to.deep.equal({ outcome: 'written' })
  })

  it('goes on through a Redis that is killed and restarted in mid-traffic', async () => {
    const calls: string[] = []
    answering(collab, calls, 'collab')
    answering(open(), calls, 'other')
    await settled()
    const outcomes = new Map<string, number>()
    let isOver = false
    const traffic = Array.from({ length: 8 }, async (_, worker) => {
      for (let i = 0; !isOver; i++) {
        const request = api.request('document.write-markdown', { ...command, content: `${worker}-${i}` })
        const outcome = await request.then(({ outcome }) => outcome, failureOf)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    })
    const count = (outcome: string): number => outcomes.get(outcome) ?? 0
    for (let round = 0; round < 3; round++) {
      const before = count('written')
      await until(() => count('written') > before + 100)
      await redis.kill()
      await until(() => !api.isConnected)
      await redis.restart()
    }
    const before = count('written')
    await until(() => count('written') > before + 100)
    isOver = true
    await Promise.all(traffic)
    expect([...outcomes.keys()].filter((outcome) => outcome !== 'written' && outcome !== 'unavailable')).to.be.empty
    const contents = calls.map((call) => call.split(' ')[1])
    expect(new Set(contents).size).to.equal(contents.length)
  })

  it('is not harmed by malformed messages on any of its channels', async () => {
    const calls: string[] = []
    answering(collab, calls, 'collab')
    collab.subscribe('access.changed', () => calls.push('event'))
    await settled()
    const channels = (await stranger.pubsub('CHANNELS', channel('*'))) as string[]
    expect(channels.length).to.equal(4)
    const id = newId()
    const sender = '0123456789abcdef'
    const messages = [
      ...['', 'x', 'null', '[]', '{}', '"text"', '1e999', '{"id":1}', '\u0000', '['.repeat(100_000)],
      ...[{ id }, { id, sender }, { id, sender: '../x', request_id: '', payload: command }],
      ...[
        { id, sender, granted_to: '../x' },
        { id, sender, granted_to: sender },
        { id, state: 'answered' },
      ],
      ...[{ id, sender, request_id: 'r', payload: { ...command, document_id: 'no id' } }],
      ...[
        { id, sender, request_id: 'r', payload: null },
        { id, state: 'unheard of' },
      ],
      ...[
        { id, state: 'offered', server: 'x' },
        { id, sender, request_id: 1, payload: command },
      ],
      ...[{ document_id: 'no id' }, { document_id: [command.document_id] }, { __proto__: { user_id: 1 } }],
    ].map((message) => (typeof message === 'string' ? message : JSON.stringify(message)))
    for (const name of channels) {
      for (const message of messages) await stranger.publish(name, message)
      await stranger.publish(name, Buffer.from([0xff, 0xfe, 0x80]))
      await stranger.publish(name, Buffer.alloc(17 * 1024 * 1024, '1'))
    }
    calls.length = 0
    expect(await api.request('document.write-markdown', command)).to.deep.equal({ outcome: 'written' })
    expect(calls).to.deep.equal(['collab text'])
  })

  it('refuses to send what the others would not read', async () => {
    answering(collab, [], 'collab')
    await settled()
    const content = 'x'.repeat(17 * 1024 * 1024)
    expect(await failure(api.request('document.write-markdown', { ...command, content }))).to.equal('failed')
  })
})

const failureOf = (error: { reason?: string; message: string }): string => error.reason ?? error.message
