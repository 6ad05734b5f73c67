import { OutgoingMessage } from '@hocuspocus/server'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import type { Logger } from '@mdcreator/shared/log'
import { retrying } from '@mdcreator/shared/retry'
import { KeysUnavailableError, type TokenVerifier } from '@mdcreator/shared/tokens'
import { closeCodes } from '../wire/close-codes.ts'
import { Announcements } from './announcements.ts'
import { credentialsOf, refusalOf } from './authenticate.ts'
import type { Connections, OpenConnection } from './connections.ts'
import { type Access, allows, type Rights } from './rights.ts'

type Dependencies = { connections: Connections; rights: Rights; verifier: TokenVerifier; bus: Bus; log: Logger }

/** How often all rights are read again, whatever was announced; and while announcements cannot reach us. */
const recheckMs = 30_000
const recheckUnconnectedMs = 5_000
/** How long before its end a token is asked for again. */
const askAheadMs = 30_000
const retryMs = 10_000

/**
 * Keeps open connections to what their people may do. The bus says when something has changed, but it carries no right: the
 * rights are read from the database, so that a forged message opens nothing and a lost one is made good at the next look.
 */
export class Revocation {
  readonly announcements: Announcements
  private readonly deps: Dependencies
  private readonly expiries = new Map<OpenConnection, NodeJS.Timeout>()
  private readonly stops: (() => void)[] = []
  /** Counts the questions; and of which of them each connection has the answer. */
  private turns = 0
  private readonly enforced = new WeakMap<OpenConnection, number>()
  private timer: NodeJS.Timeout | undefined
  private checkedAt = performance.now()

  constructor(deps: Dependencies) {
    this.deps = deps
    this.announcements = new Announcements(deps.bus)
  }

  start(): void {
    const { bus, connections } = this.deps
    const announced = (event: EventPayload<'access.changed'>): void => {
      this.announcements.add(event)
      void this.recheck(connections.concerned(event))
    }
    this.stops.push(
      bus.subscribe('access.changed', announced),
      // What was missed may be about anybody.
      bus.onReconnected(() => announced({})),
    )
    this.plan()
  }

  stop(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const timer of this.expiries.values()) clearTimeout(timer)
    this.expiries.clear()
    for (const stop of this.stops) stop()
  }

  /** Watches over a new connection. Its rights are read once more where they may have changed while it was opened. */
  opened(connection: OpenConnection): void {
    // What waited for it may have ended it.
    if (!connection.document.hasConnection(connection)) return
    this.watchExpiry(connection)
    if (this.announcements.mayConcern(connection, connection.context.rightsSince)) void this.recheck([connection])
  }

  closed(connection: OpenConnection): void {
    clearTimeout(this.expiries.get(connection))
    this.expiries.delete(connection)
  }

  /** Takes a new token for an open connection; one that is no good, or somebody else's, ends it. */
  async renew(connection: OpenConnection, token: string): Promise<void> {
    const { context, document } = connection
    try {
      const credentials = credentialsOf(await this.deps.verifier.verifyForDocument(token, document.name))
      if (credentials.userId !== context.credentials.userId) throw new Error('The token is of somebody else')
      context.credentials = credentials
    } catch (err) {
      // Says nothing about the token; the old one still ends the connection.
      if (err instanceof KeysUnavailableError) return
      this.deps.log.info({ err, document: document.name }, 'a new token was refused')
      context.socket.closeDocument(connection, closeCodes.unauthorized, 'invalid-token')
      return
    }
    if (!document.hasConnection(connection)) return
    this.watchExpiry(connection)
    await this.recheck([connection])
  }

  private plan(): void {
    // Asked often, for the others may get out of reach at any time.
    this.timer = setTimeout(async () => {
      const { bus, connections } = this.deps
      if (!bus.isConnected || performance.now() - this.checkedAt >= recheckMs) {
        this.checkedAt = performance.now()
        await this.recheck([...connections])
      }
      if (this.timer) this.plan()
    }, recheckUnconnectedMs)
    this.timer.unref()
  }

  private async recheck(connections: OpenConnection[]): Promise<void> {
    const { rights, log } = this.deps
    try {
      await Promise.all(
        connections.map(async (connection) => {
          const { userId, sessionId, tokenId } = connection.context.credentials
          const question = { documentId: connection.document.name, userId, sessionId, tokenId }
          const { turn, access } = await retrying(async () => {
            const turn = ++this.turns
            return { turn, access: await rights.of(question) }
          }, retryMs)
          // An answer that was asked for earlier may come later.
          if (turn < (this.enforced.get(connection) ?? 0)) return
          this.enforced.set(connection, turn)
          enforce(connection, access)
        }),
      )
    } catch (err) {
      log.warn({ err }, 'rights could not be read; they are read again soon')
    }
  }

  private watchExpiry(connection: OpenConnection): void {
    this.closed(connection)
    const left = connection.context.credentials.expiresAt - Date.now()
    const ask = (): void => {
      connection.requestToken()
      wait(connection.context.credentials.expiresAt - Date.now(), expire)
    }
    const expire = (): void => {
      connection.context.socket.closeDocument(connection, closeCodes.unauthorized, 'token-expired')
    }
    const wait = (ms: number, next: () => void): void => {
      // Longer than a timer can wait: then it is looked at again.
      const timer = setTimeout(
        ms > maxTimerMs ? () => this.watchExpiry(connection) : next,
        Math.min(Math.max(ms, 0), maxTimerMs),
      )
      timer.unref()
      this.expiries.set(connection, timer)
    }
    wait(Math.max(left - askAheadMs, left / 2), ask)
  }
}

const maxTimerMs = 2 ** 31 - 1

/** Closes a connection, or makes it a reader's or a writer's. */
function enforce(connection: OpenConnection, access: Access | null): void {
  const { context, document } = connection
  if (!document.hasConnection(connection)) return
  const refusal = refusalOf(access)
  if (refusal) {
    context.socket.closeDocument(connection, ...refusal)
    return
  }
  // What is announced next may be about the workspace that the document is in by now.
  context.workspaceId = access?.workspaceId ?? context.workspaceId
  const readOnly = !access || !allows(access, 'document.write')
  if (connection.readOnly === readOnly) return
  connection.readOnly = readOnly
  connection.send(new OutgoingMessage(connection.messageAddress).writeAuthenticated(readOnly).toUint8Array())
}
