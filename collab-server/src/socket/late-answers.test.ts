import { mock } from 'node:test'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import { createLogger } from '@mdcreator/shared/log'
import { KeysUnavailableError, type TokenVerifier } from '@mdcreator/shared/tokens'
import { expect } from 'chai'
import type { Connections, OpenConnection } from '../access/connections.ts'
import { Revocation } from '../access/revocation.ts'
import type { Access, Rights } from '../access/rights.ts'

const editor: Access = {
  role: 'editor',
  scopes: null,
  user: { id: 'ada', name: 'Ada', avatarUrl: null },
  workspaceId: 'workspace',
}

/** A connection whose rights are told when the test says so. */
function setting({ verify = async () => ({}) as never }: { verify?: TokenVerifier['verifyForDocument'] } = {}) {
  const answers: ((access: Access | null) => void)[] = []
  const closes: number[] = []
  const connection = {
    readOnly: false,
    messageAddress: 'name',
    send: () => {},
    requestToken: () => {},
    document: { name: 'name', hasConnection: () => closes.length === 0 },
    context: {
      user: { id: 'ada' },
      workspaceId: 'workspace',
      credentials: { userId: 'ada', sessionId: 'session', tokenId: null, expiresAt: Date.now() + 3_600_000 },
      socket: { closeDocument: (_: unknown, code: number) => closes.push(code) },
    },
  } as unknown as OpenConnection
  /** Those that announcements find: it is not among them before it is open. */
  const open = [connection]
  let announce = (_: EventPayload<'access.changed'>): void => {}
  let reconnect = (): void => {}
  const bus = {
    isConnected: true,
    subscribe: (_: string, listener: typeof announce) => {
      announce = listener
      return () => {}
    },
    onReconnected: (listener: typeof reconnect) => {
      reconnect = listener
      return () => {}
    },
  }
  const revocation = new Revocation({
    connections: {
      concerned: () => open,
      [Symbol.iterator]: () => open.values(),
    } as unknown as Connections,
    rights: { of: () => new Promise((resolve) => answers.push(resolve)) } as unknown as Rights,
    verifier: { verifyForDocument: verify } as TokenVerifier,
    bus: bus as unknown as Bus,
    log: createLogger('silent'),
  })
  revocation.start()
  return {
    ...{ revocation, connection, open, bus, answers, closes },
    announce: (event: EventPayload<'access.changed'> = {}) => announce(event),
    reconnect: () => reconnect(),
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('rights that are read twice at a time', () => {
  it('are those of the later question, whichever answer comes first', async () => {
    const { revocation, connection, answers, announce } = setting()
    announce()
    announce()
    expect(answers).to.have.length(2)
    answers[1]?.({ ...editor, role: 'viewer' })
    await turn()
    expect(connection.readOnly).to.equal(true)
    // As they were before the change that was announced.
    answers[0]?.(editor)
    await turn()
    expect(connection.readOnly).to.equal(true)
    revocation.stop()
  })

  it('are not read for who has left while a new token was checked', async () => {
    const claims = { sub: 'ada', token_use: 'access', exp: Date.now() / 1000 + 60 }
    const { revocation, connection, answers, closes } = setting({ verify: async () => claims as never })
    closes.push(1000)
    await revocation.renew(connection, 'token')
    expect(answers).to.have.length(0)
    revocation.stop()
  })

  it('stay where the keys of the issuer cannot be read: that says nothing of a new token', async () => {
    const { revocation, connection, closes } = setting({
      verify: () => Promise.reject(new KeysUnavailableError('away')),
    })
    await revocation.renew(connection, 'token')
    expect(closes).to.deep.equal([])
    revocation.stop()
  })
})

describe('rights of those who are in', () => {
  let now = 0
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    mock.method(performance, 'now', () => now)
  })
  afterEach(() => {
    mock.timers.reset()
    mock.restoreAll()
  })

  /** Lets time pass; all questions are answered at once. Returns how many there were. */
  const asked = async (answers: ReturnType<typeof setting>['answers'], seconds: number): Promise<number> => {
    let questions = 0
    for (let second = 0; second < seconds; second++) {
      now += 1_000
      mock.timers.tick(1_000)
      await turn()
      questions += answers.length
      for (const answer of answers.splice(0)) answer(editor)
      await turn()
    }
    return questions
  }

  it('are read again every 30 s, whatever was announced, and every 5 s while announcements do not reach us', async () => {
    const { revocation, answers, bus } = setting()
    expect(await asked(answers, 29)).to.equal(0)
    expect(await asked(answers, 6)).to.equal(1)
    expect(await asked(answers, 60)).to.equal(2)
    bus.isConnected = false
    expect(await asked(answers, 30)).to.equal(6)
    revocation.stop()
  })

  it('are read again when announcements reach us again, and decide', async () => {
    const { revocation, answers, closes, reconnect } = setting()
    reconnect()
    answers[0]?.({ ...editor, role: null })
    await turn()
    expect(closes).to.deep.equal([4403])
    revocation.stop()
  })
})

describe('rights of somebody who is being let in', () => {
  /** Somebody whose rights have just been read, and whose document is being loaded. */
  const entering = () => {
    const all = setting()
    all.open.pop()
    all.connection.context.rightsSince = all.revocation.announcements.now()
    return {
      ...all,
      /** How often they are read once it is open. */
      reads: (): number => {
        all.open.push(all.connection)
        all.revocation.opened(all.connection)
        all.revocation.stop()
        return all.answers.length
      },
    }
  }

  it('are not read again where nothing was announced meanwhile', () => {
    const { reads } = entering()
    expect(reads()).to.equal(0)
  })

  it('are of no interest where it was closed in the moment in which it was opened', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const { revocation, connection, closes, answers } = setting()
    connection.context.rightsSince = null
    closes.push(1000)
    revocation.opened(connection)
    expect(answers).to.have.length(0)
    // Nor is it ended a second time, when its token ends.
    mock.timers.tick(3_600_000)
    expect(closes).to.deep.equal([1000])
    mock.timers.reset()
    revocation.stop()
  })

  it('are not read again for what was announced before, or of others', () => {
    const { announce, connection, revocation, reads } = entering()
    announce({ user_id: 'ada' })
    connection.context.rightsSince = revocation.announcements.now()
    announce({ user_id: 'grace' })
    announce({ user_id: 'ada', session_id: 'another session' })
    announce({ workspace_id: 'another workspace' })
    announce({ document_id: 'another document' })
    expect(reads()).to.equal(0)
  })

  const concerning = [
    { user_id: 'ada' },
    { user_id: 'ada', session_id: 'session' },
    { workspace_id: 'workspace' },
    { workspace_id: 'workspace', user_id: 'ada' },
    { document_id: 'name' },
  ]
  for (const event of concerning) {
    it(`are read again where ${JSON.stringify(event)} was announced meanwhile, and decide`, async () => {
      const { announce, answers, closes, reads } = entering()
      announce(event)
      announce({ user_id: 'grace' })
      expect(reads()).to.equal(1)
      answers[0]?.({ ...editor, role: null })
      await turn()
      expect(closes).to.deep.equal([4403])
    })
  }

  it('are read again where announcements did not reach us when they were read', () => {
    const { bus, connection, revocation, reads } = entering()
    bus.isConnected = false
    connection.context.rightsSince = revocation.announcements.now()
    bus.isConnected = true
    expect(reads()).to.equal(1)
  })

  it('are read again where announcements do not reach us by now', () => {
    const { bus, reads } = entering()
    bus.isConnected = false
    expect(reads()).to.equal(1)
  })

  it('are read again where announcements did not reach us for a while', () => {
    const { reconnect, reads } = entering()
    reconnect()
    expect(reads()).to.equal(1)
  })

  it('are read again where more was announced meanwhile than is remembered', () => {
    const { announce, reads } = entering()
    announce({ user_id: 'ada' })
    for (let i = 0; i < 1_000; i++) announce({ user_id: 'grace' })
    expect(reads()).to.equal(1)
  })
})
