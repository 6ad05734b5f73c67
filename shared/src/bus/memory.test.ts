import { createLogger } from '../log.ts'
import { describeBus } from './contract.ts'
import { MemoryBus } from './memory.ts'

describeBus('the bus in memory', async () => {
  const bus = new MemoryBus(createLogger('silent'))
  return { api: bus, collab: bus }
})
