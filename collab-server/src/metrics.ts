import { Counter, Gauge, Histogram, Registry } from '@mdcreator/shared/metrics'

/** Why something was not taken; each is a value of the label `reason` of `collab_refused_total`. */
export type RefusedReason =
  | 'address-connections'
  | 'address-failures'
  | 'awareness'
  | 'document-connections'
  | 'document-size'
  | 'edit-size'
  | 'foreign'
  | 'documents-per-socket'
  | 'frame-size'
  | 'gap'
  | 'malformed'
  | 'message-rate'
  | 'not-stored'
  | 'origin'
  | 'read-only'
  | 'signin'
  | 'signin-time'
  | 'slow-reader'
  | 'sockets'
  | 'stopping'
  | 'unauthenticated-sockets'
  | 'user-connections'

/** What is looked up when somebody asks for the metrics. */
export type Readings = {
  connections: () => number
  documents: () => number
  tailRows: () => number
  unstored: () => number
  peers: () => number
}

/** What the collab server counts of itself. Times are in seconds, sizes in bytes. */
export function createMetrics(registry = new Registry()) {
  const registers = [registry]
  const seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
  return {
    registry,
    /** Says where the readings come from. */
    read(readings: Readings): void {
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          ...{ name, help, registers },
          collect() {
            this.set(read())
          },
        })
      gauge('collab_connections', 'Documents open on sockets', readings.connections)
      gauge('collab_documents', 'Documents in memory', readings.documents)
      gauge('collab_tail_rows', 'Log rows since the last checkpoints of the documents in memory', readings.tailRows)
      gauge('collab_unstored_updates', 'Edits that have arrived and are not committed yet', readings.unstored)
      gauge('collab_redis_connected', '1 where other servers are reached through Redis', readings.peers)
    },
    sockets: new Gauge({ name: 'collab_sockets', help: 'Open sockets', labelNames: ['protocol'], registers }),
    updates: new Counter({
      name: 'collab_updates_total',
      help: 'Edits applied, by where they came from',
      labelNames: ['source'] as const,
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'collab_append_seconds',
      help: 'From the arrival of an edit to its commit',
      buckets: seconds,
      registers,
    }),
    batchRows: new Histogram({
      name: 'collab_append_batch_rows',
      help: 'Edits in one commit',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
      registers,
    }),
    checkpoints: new Counter({
      name: 'collab_checkpoints_total',
      help: 'Checkpoints, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    repairs: new Counter({
      name: 'collab_catch_up_repairs_total',
      help: 'Log rows that were found by catching up, not heard of from their server',
      registers,
    }),
    commandSeconds: new Histogram({
      name: 'collab_command_seconds',
      help: 'Commands from the API',
      labelNames: ['command', 'outcome'] as const,
      buckets: seconds,
      registers,
    }),
    refused: new Counter({
      name: 'collab_refused_total',
      help: 'Sockets, frames and edits that were not taken',
      labelNames: ['reason'] as const,
      registers,
    }),
    errors: new Counter({
      name: 'collab_errors_total',
      help: 'What was caught and logged, by where',
      labelNames: ['where'] as const,
      registers,
    }),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
