import { UserError } from './user-error.ts'

/** Why a server cannot listen, and what to do, as a UserError; `variable` is the one that holds its port. Others as they are. */
export function explainListenError(
  cause: NodeJS.ErrnoException,
  { host, port, variable }: { host: string; port: number; variable: 'PORT' | 'COLLAB_PORT' },
): Error {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new UserError(`Port ${port} is taken: stop the program that uses it, or set ${variable} to another one`, {
        cause,
      })
    case 'EACCES':
      return new UserError(`Port ${port} may not be used without more rights: set ${variable} to one above 1023`, {
        cause,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UserError(`${host} is no address of this machine: set HOST to one, or to 0.0.0.0 for all`, { cause })
    default:
      return cause
  }
}
