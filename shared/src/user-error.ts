/**
 * A failure that the person who runs the program can mend.
 * The message is one line that says what is wrong and what to do; programs print it alone, without a stack trace.
 * What lies behind it (a system error, a server's log) travels in `cause`.
 */
export class UserError extends Error {
  override name = 'UserError'
}

/** Ends the program with status 1: a UserError as its one line, anything else as what it is. */
export function exitWithUserError(error: unknown): never {
  const text = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${text}\n`)
  process.exit(1)
}
