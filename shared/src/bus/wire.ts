import { z } from 'zod'
import { Id } from '../ids.ts'

/** A larger message is not read. Bytes of JSON. */
export const maxMessageBytes = 16 * 1024 * 1024

const ServerId = z.string().regex(/^[0-9a-f]{16}$/)

/** Asks all servers that handle a command who would do this one. */
const CommandCall = z.object({
  id: Id,
  /** Whose reply channel hears the answer. */
  sender: ServerId,
  request_id: z.string().max(200),
  payload: z.unknown(),
})
export type CommandCall = z.output<typeof CommandCall>

/** Tells the same servers which of them does it; said again, it asks for the reply once more. */
const CommandGrant = z.object({ id: Id, sender: ServerId, granted_to: ServerId })
export type CommandGrant = z.output<typeof CommandGrant>

/** From a command's sender; the channel names the command. */
export const CommandMessage = z.union([CommandGrant, CommandCall])
export type CommandMessage = z.output<typeof CommandMessage>

/** To a command's sender, on its reply channel. */
export const ReplyMessage = z.discriminatedUnion('state', [
  z.object({ id: Id, state: z.literal('offered'), server: ServerId }),
  // It was granted to a server that does it no more, and has not begun.
  z.object({ id: Id, state: z.literal('declined'), server: ServerId }),
  z.object({ id: Id, state: z.literal('answered'), reply: z.unknown() }),
  z.object({ id: Id, state: z.literal('failed') }),
])
export type ReplyMessage = z.output<typeof ReplyMessage>

/** @throws Error where the message is too large for the others to read */
export function encode(message: unknown): string {
  const text = JSON.stringify(message)
  if (Buffer.byteLength(text) > maxMessageBytes) throw new Error('The message is too large')
  return text
}

/** @throws Error where it is too large, no JSON, or not of the schema */
export function decode<T>(schema: z.ZodType<T>, data: Buffer): T {
  if (data.length > maxMessageBytes) throw new Error('The message is too large')
  return schema.parse(JSON.parse(data.toString()))
}
