import { newSecret } from './secret.ts'

const form = /^mdt_[\w-]{43}$/

/** A new ticket: a secret with a prefix by which it is known. */
export const newTicket = (): string => `mdt_${newSecret()}`

/** True for what may be a ticket, as far as its form tells. */
export const isTicket = (text: string): boolean => form.test(text)
