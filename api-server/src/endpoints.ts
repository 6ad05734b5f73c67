import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import type { Registry } from '@mdcreator/shared/metrics'
import { auditEndpoints } from './audit/audit.endpoints.ts'
import { accountEndpoints } from './auth/account.endpoints.ts'
import { documentTicketEndpoints } from './auth/document-ticket.endpoints.ts'
import { documentTokenEndpoints } from './auth/document-token.endpoints.ts'
import { issuerEndpoints } from './auth/issuer.endpoints.ts'
import { sessionEndpoints } from './auth/sessions.endpoints.ts'
import { sharedSecret, TokenSigner } from './auth/signing-keys.ts'
import { documentEndpoints } from './documents/documents.endpoints.ts'
import { below, type Endpoint } from './http/endpoint.ts'
import { type HealthOptions, healthEndpoints } from './http/health.ts'
import { metricsEndpoints } from './http/metrics.ts'
import { Cursors } from './http/page.ts'
import type { RateLimits } from './http/rate-limit.ts'
import { invitationEndpoints } from './invitations/invitations.endpoints.ts'
import type { Mailer } from './mail/index.ts'
import { memberEndpoints } from './members/members.endpoints.ts'
import { personalAccessTokenEndpoints } from './personal-access-tokens/personal-access-tokens.endpoints.ts'
import { presenceEndpoints } from './presence/presence.endpoints.ts'
import { userEndpoints } from './users/users.endpoints.ts'
import { workspaceEndpoints } from './workspaces/workspaces.endpoints.ts'

export type EndpointDeps = {
  config: Config
  log: Logger
  db: Database
  bus: Bus
  mailer: Mailer
  limits: RateLimits
  registry: Registry
  health: HealthOptions
}

/** The one list from which the routes and the OpenAPI document are made. */
export function createEndpoints({ config, log, db, bus, mailer, limits, registry, health }: EndpointDeps): Endpoint[] {
  const signer = new TokenSigner(db, config.issuer)
  const cursors = new Cursors(sharedSecret(db, 'cursors'))
  return [
    ...below('/api/v1', [
      ...accountEndpoints({ config, db, bus, log, mailer, limits, signer }),
      ...sessionEndpoints({ db, bus, log, cursors }),
      ...documentTokenEndpoints({ db, signer }),
      ...documentTicketEndpoints({ db }),
      ...personalAccessTokenEndpoints({ db, bus, log, cursors }),
      ...userEndpoints({ db, bus, log }),
      ...workspaceEndpoints({ db, bus, log, cursors }),
      ...auditEndpoints({ db, cursors }),
      ...memberEndpoints({ db, bus, log, cursors }),
      ...invitationEndpoints({ db, bus, log, cursors, mailer, config }),
      ...documentEndpoints({ db, bus, log, cursors }),
      ...presenceEndpoints({ db, bus }),
    ]),
    ...issuerEndpoints({ db, issuer: config.issuer }),
    ...healthEndpoints(health),
    ...metricsEndpoints(registry),
  ]
}
