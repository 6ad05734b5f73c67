import type { Connection } from '@hocuspocus/server'
import type { RefusedReason } from './metrics.ts'
import type { CloseCode } from './wire/close-codes.ts'

/** Who a person is to the others in a document: awareness `user`, written by the server. */
export type Identity = { id: string; name: string; avatar_url: string | null; color: string }

/** Whom a connection was opened by, and until when: what its token said. */
export type Credentials = {
  userId: string
  /** The session that ends with a sign-out, or null. */
  sessionId: string | null
  /** The personal access token that it was opened with, or null. */
  tokenId: string | null
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** A document that is asked for. Another session of it on the same socket may have another token. */
export type SignIn = { documentName: string; token: string }

/** What hooks and commands may do with the socket that a connection came in on. */
export interface SocketControl {
  /** A token was good: what is waited for from now on is ours. */
  admitted(): void
  /** A document is authenticated and loaded: what waited for it is let through. */
  opened(connection: Connection<Context>): void
  /**
   * A document is refused. Hocuspocus then says so in its protocol; the socket is closed with the code, unless it
   * carries other documents too and coming again is no use.
   */
  denied(signIn: SignIn, code: CloseCode, reason: string, counted: RefusedReason): void
  /** A document is refused that was loaded for this connection. */
  turnedAway(connection: Connection<Context>, code: CloseCode, reason: string, counted: RefusedReason): void
  /** Ends one document, and the socket where it was the only one, or the client is to come again. */
  closeDocument(connection: Connection<Context>, code: CloseCode, reason: string): void
}

/** What Hocuspocus carries with a connection. `socket` is there from the start, the rest once it is authenticated. */
export type Context = {
  socket: SocketControl
  user: Identity
  workspaceId: string
  credentials: Credentials
  /** The moment (see Announcements) before its rights were read. */
  rightsSince: number | null
}
