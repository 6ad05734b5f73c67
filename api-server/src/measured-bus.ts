import { type Bus, BusError } from '@mdcreator/shared/bus/bus'
import { Histogram, type Registry } from '@mdcreator/shared/metrics'

/** The same bus, with its commands timed: from the request to the answer of a collaboration server. */
export function measuredBus(bus: Bus, registry: Registry): Bus {
  const seconds = new Histogram({
    name: 'api_command_seconds',
    help: 'Commands to the collaboration servers, by outcome',
    labelNames: ['command', 'outcome'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  return {
    async request(name, payload, options) {
      const end = seconds.startTimer({ command: name })
      try {
        const reply = await bus.request(name, payload, options)
        end({ outcome: 'answered' })
        return reply
      } catch (error) {
        end({ outcome: error instanceof BusError ? error.reason : 'failed' })
        throw error
      }
    },
    handle: (name, handler, prefers) => bus.handle(name, handler, prefers),
    publish: (name, payload) => bus.publish(name, payload),
    subscribe: (name, listener) => bus.subscribe(name, listener),
    get isConnected() {
      return bus.isConnected
    },
    onReconnected: (listener) => bus.onReconnected(listener),
    close: () => bus.close(),
  }
}
