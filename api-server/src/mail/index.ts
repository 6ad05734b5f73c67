export { composeMail, escapeHtml, type MailContent } from './compose.ts'
export { createMailer, type Mail, Mailer } from './mailer.ts'
