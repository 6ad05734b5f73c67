export { composeMail, escapeHtml, type MailContent } from './compose.ts'
export { createMailer, Mailer } from './mailer.ts'
export type { Mail } from './transport.ts'
