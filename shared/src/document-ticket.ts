import { createHash, randomBytes } from 'node:crypto'

const form = /^mdt_[\w-]{43}$/

/** A new ticket: 256 random bits in base64url, with a prefix by which it is known. */
export const newTicket = (): string => `mdt_${randomBytes(32).toString('base64url')}`

/** True for what may be a ticket, as far as its form tells. */
export const isTicket = (text: string): boolean => form.test(text)

/** SHA-256 of the ticket: all that we keep, and what it is found by. */
export const hashOfTicket = (ticket: string): Buffer => createHash('sha256').update(ticket).digest()
