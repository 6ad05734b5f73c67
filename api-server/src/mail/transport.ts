/** `composeMail` makes subject, text and html. `to` is one bare address: no name, no list. */
export type Mail = { to: string; subject: string; text: string; html?: string }

/** Hands a mail over. Says where it went, for the log; rejects where it did not. */
export type Transport = (mail: Mail & { from: string }) => Promise<string>
