/**
 * A failure that the person who runs the program can mend.
 * The message is one line that says what is wrong and what to do; programs print it alone, without a stack trace.
 * What lies behind it (a system error, a server's log) travels in `cause`.
 */
export class UserError extends Error {
  override name = 'UserError'
}
