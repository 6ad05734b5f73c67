import type { Logger } from './log.ts'
import { Counter, type Registry } from './metrics.ts'

/** A promise that is rejected and that nobody waits for is a fault of ours, and no reason to end: it is logged and counted. */
export function surviveRejections(log: Logger, registry: Registry): void {
  const rejections = new Counter({
    name: 'unhandled_rejections_total',
    help: 'Promises that were rejected and that nobody waited for: each is a fault',
    registers: [registry],
  })
  process.on('unhandledRejection', (err) => {
    rejections.inc()
    log.error({ err }, 'an unhandled rejection')
  })
}
