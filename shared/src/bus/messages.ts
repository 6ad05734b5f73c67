import { z } from 'zod'
import { Id } from '../ids.ts'

/**
 * Every message between the servers, declared once. A command has one answer, from the one server that claims it;
 * an event goes to all and has none.
 */
export const commands = {
  /**
   * Replaces the text of a live document, as a minimal change. Strict: refused where the live text is not the one the
   * caller read. Answered once the change is in the log and the projection.
   */
  'document.write-markdown': {
    request: z.object({
      document_id: Id,
      user_id: Id,
      content: z.string(),
      /** SHA-256, in hex, of the text that the caller read. */
      base_hash: z.string(),
      /** Where given, the row's version must still be this. */
      base_version: z.number().int().optional(),
      /** A new title, stored in the same transaction. */
      title: z.string().optional(),
    }),
    reply: z.discriminatedUnion('outcome', [
      z.object({ outcome: z.literal('written') }),
      z.object({ outcome: z.literal('conflict'), content: z.string(), content_hash: z.string() }),
      z.object({ outcome: z.literal('not-found') }),
    ]),
  },
} as const

export const events = {
  /** The document was deleted: sockets are closed with 4404. */
  'document.deleted': z.object({ document_id: Id }),
} as const

export type CommandName = keyof typeof commands
export type CommandRequest<N extends CommandName> = z.output<(typeof commands)[N]['request']>
export type CommandReply<N extends CommandName> = z.output<(typeof commands)[N]['reply']>
export type EventName = keyof typeof events
export type EventPayload<N extends EventName> = z.output<(typeof events)[N]>
