import type { Bus } from '@mdcreator/shared/bus/bus'
import { createLogger } from '@mdcreator/shared/log'
import { KeysUnavailableError, type TokenVerifier } from '@mdcreator/shared/tokens'
import { expect } from 'chai'
import type { Connections, OpenConnection } from './connections.ts'
import { Revocation } from './revocation.ts'
import type { Access, Rights } from './rights.ts'

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
      credentials: { userId: 'ada', sessionId: null, tokenId: null, expiresAt: Date.now() + 3_600_000 },
      socket: { closeDocument: (_: unknown, code: number) => closes.push(code) },
    },
  } as unknown as OpenConnection
  let announce = (): void => {}
  const revocation = new Revocation({
    connections: {
      concerned: () => [connection],
      [Symbol.iterator]: () => [connection].values(),
    } as unknown as Connections,
    rights: { of: () => new Promise((resolve) => answers.push(resolve)) } as unknown as Rights,
    verifier: { verifyForDocument: verify } as TokenVerifier,
    bus: {
      isConnected: true,
      subscribe: (_: string, listener: () => void) => {
        announce = listener
        return () => {}
      },
      onReconnected: () => () => {},
    } as unknown as Bus,
    log: createLogger('silent'),
  })
  revocation.start()
  return { revocation, connection, answers, closes, announce: () => announce() }
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
