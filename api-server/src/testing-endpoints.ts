import { createDatabase } from '@mdcreator/db/database'
import { MemoryBus } from '@mdcreator/shared/bus/memory'
import { loadConfig } from '@mdcreator/shared/config'
import { createLogger } from '@mdcreator/shared/log'
import { Registry } from '@mdcreator/shared/metrics'
import { createEndpoints } from './endpoints.ts'
import type { Endpoint } from './http/endpoint.ts'
import { RateLimits } from './http/rate-limit.ts'
import { createMailer } from './mail/index.ts'

/** The endpoints of the default set-up, to be read and not called: their database is never reached. */
export function listEndpoints(): Endpoint[] {
  const config = loadConfig({})
  const log = createLogger('silent')
  return createEndpoints({
    config,
    log,
    db: createDatabase({ url: 'postgres://localhost:1/nowhere', role: 'mdcreator_api' }),
    bus: new MemoryBus(log),
    mailer: createMailer(config, log),
    limits: new RateLimits(null, log),
    registry: new Registry(),
    health: { checks: {}, isStopping: () => false },
  })
}
