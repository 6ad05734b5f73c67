import { z } from 'zod'
import { Id } from '../ids.ts'

/** Somebody in a document. One person may have several connections: tabs, devices. */
export const PresentPerson = z.object({
  user: z.object({
    id: Id.meta({ format: 'uuid' }),
    name: z.string().meta({ example: 'Ada Lovelace' }),
    avatar_url: z.string().nullable().meta({ example: 'https://example.com/ada.png' }),
    color: z.string().meta({ example: '#176b66' }),
  }),
  /** When the first of the connections was made. */
  since: z.iso.datetime(),
  connections: z.number().int().min(1),
  typing: z.boolean(),
  /** What the person's editor last said of the cursor (awareness `cursor`); null where that is 30 s ago or more. */
  cursor: z.unknown().meta({ example: { anchor: { type: {}, assoc: 0 }, head: { type: {}, assoc: 0 } } }),
})

/**
 * Every message between the servers, declared once. A command has one answer, from the one server that does it;
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
  /** Who is in a document now, on whichever server. */
  'document.presence': {
    request: z.object({ document_id: Id }),
    reply: z.object({ people: z.array(PresentPerson) }),
  },
} as const

export const events = {
  /**
   * What somebody may do has changed: a role, a membership, a session, an account, a document's or workspace's deletion.
   * It carries no right itself: whoever serves connections that all the given ids apply to reads their rights again.
   */
  'access.changed': z.object({
    user_id: Id.optional(),
    session_id: Id.optional(),
    workspace_id: Id.optional(),
    document_id: Id.optional(),
  }),
} as const

export type PresentPerson = z.output<typeof PresentPerson>

export type CommandName = keyof typeof commands
export type CommandRequest<N extends CommandName> = z.output<(typeof commands)[N]['request']>
export type CommandReply<N extends CommandName> = z.output<(typeof commands)[N]['reply']>
export type EventName = keyof typeof events
export type EventPayload<N extends EventName> = z.output<(typeof events)[N]>
