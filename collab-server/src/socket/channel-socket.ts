import type { OpenConnection } from '../access/connections.ts'
import type { Services } from '../services.ts'
import type { CloseCode } from '../wire/close-codes.ts'

/** What a channel needs of its socket. */
export type ChannelSocket = {
  services: Services
  /** To the client. */
  send(data: Uint8Array): void
  close(code: CloseCode, reason: string): void
  closeDocument(connection: OpenConnection, code: CloseCode, reason: string): void
  /** A frame could not be stored or understood. */
  failed(error: unknown): void
  /** To Hocuspocus. */
  hand(data: Uint8Array): void
  /** So many bytes more, or fewer, wait. */
  queued(bytes: number): void
}
