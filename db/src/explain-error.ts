import { UserError } from '@mdcreator/shared/user-error'

/** May pass by itself. */
export class DatabaseAway extends UserError {}

/** Stays until a person does something. */
export class DatabaseRefusal extends UserError {}

const away: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: start it, or correct host and port',
  ENOTFOUND: 'there is no such host: correct its name',
  EAI_AGAIN: 'its host name cannot be looked up: check the network',
  ETIMEDOUT: 'it does not answer: check host, port and firewall',
  EHOSTUNREACH: 'there is no way to its host: check the network',
  ECONNRESET: 'it broke the connection: see its log, and try again',
  '53300': 'it has no connection left: raise its max_connections, or lower DATABASE_POOL_SIZE',
  '57P01': 'it is being stopped: start it again',
  '57P03': 'it is only just starting, or stopping: try again in a moment',
}

const refusals: Record<string, string> = {
  '28P01': 'it refused the password: correct user and password',
  '28000': 'it does not let this user in from here: see its pg_hba.conf',
  '3D000': 'there is no database of that name: create it with createdb',
  '42501': 'the user may not do what the migrations need: let it own the database and create roles (CREATEROLE)',
}

/** What pg says without a code. */
const byMessage: [RegExp, string][] = [
  [/timeout exceeded when trying to connect/, 'ETIMEDOUT'],
  [/^Connection terminated/, 'ECONNRESET'],
]

/** What a person can do about a database that cannot be used at start; every other error comes back as it is. */
export function explainDatabaseError(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const [, told] = byMessage.find(([pattern]) => pattern.test(cause.message)) ?? []
    const code = told ?? String((cause as { code?: unknown }).code)
    const [Kind, hint] = away[code] ? [DatabaseAway, away[code]] : [DatabaseRefusal, refusals[code]]
    if (hint) return new Kind(`The database of DATABASE_URL cannot be used: ${hint}`, { cause: error })
  }
  return error
}
