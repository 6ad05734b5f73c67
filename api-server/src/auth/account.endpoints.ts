import { announce } from '../announce.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { AuthOptions } from './deps.ts'
import { forIssuer } from './foreign/for-issuer.ts'
import { localEndpoints } from './local.endpoints.ts'

/** Signing up, signing in and passwords, by whichever issuer is configured. */
export function accountEndpoints(options: AuthOptions): Endpoint[] {
  const { config, db, bus, log } = options
  return forIssuer(localEndpoints(options), { config, db, log, announce: (event) => announce(bus, log, event) })
}
