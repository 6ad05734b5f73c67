import type { Logger } from '@mdcreator/shared/log'
import { DatabaseAway, DatabaseRefusal } from './explain-error.ts'

export type Patience = {
  log: Logger
  /** How long for a database that is away. */
  awayMs: number
  /** How long for everything else, such as migrations that are being made. */
  otherMs: number
}

/**
 * How long `retrying` goes on when a server starts: not at all where the database refuses it, for each try is a failed sign-in
 * in somebody's log. That the database is away is logged the first time, with what to do.
 */
export function databasePatience({ log, awayMs, otherMs }: Patience): (error: unknown) => number {
  let isSaid = false
  return (error) => {
    if (error instanceof DatabaseRefusal) return 0
    if (!(error instanceof DatabaseAway)) return otherMs
    if (awayMs > 0 && !isSaid) log.warn(`${error.message}; trying for ${awayMs / 1_000} s`)
    isSaid = true
    return awayMs
  }
}
