import { z } from 'zod'
import { Id } from '../ids.ts'

/** A larger message is not read. Bytes of JSON. */
export const maxMessageBytes = 16 * 1024 * 1024

const ServerId = z.string().regex(/^[0-9a-f]{16}$/)

/** From a sender to all servers that handle a command; the channel names the command. */
export const CommandMessage = z.object({
  id: Id,
  /** Whose reply channel hears the answer. */
  sender: ServerId,
  request_id: z.string().max(200),
  /** True where it was sent before. */
  again: z.boolean(),
  /** Absent where the sender knows that it was claimed, and asks for the answer once more. */
  payload: z.unknown().optional(),
})
export type CommandMessage = z.output<typeof CommandMessage>

/** From the server that claimed a command to its sender. */
export const ReplyMessage = z.discriminatedUnion('state', [
  z.object({ id: Id, state: z.literal('claimed') }),
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
