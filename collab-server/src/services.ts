import type { CollabLimits } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import type { Connections } from './access/connections.ts'
import type { Cluster } from './cluster/cluster.ts'
import type { LiveDocuments } from './document/live-document.ts'
import type { Metrics } from './metrics.ts'
import type { Presence } from './presence/presence.ts'
import type { UpdateLog } from './update-log/update-log.ts'
import type { Inspector } from './validation/inspection.ts'

/** What every socket of this server shares. */
export type Services = {
  documents: LiveDocuments
  connections: Connections
  updateLog: UpdateLog
  inspector: Inspector
  /** Null where this is the only server. */
  cluster: Cluster | null
  presence: Presence
  limits: CollabLimits
  metrics: Metrics
  log: Logger
}
