import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { UserError } from '@mdcreator/shared/user-error'

/**
 * A port on 127.0.0.1 that nobody listens on now. It lies below the range from which systems number outgoing
 * connections, so that none of those takes it while PostgreSQL restarts.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
  throw new UserError('No free port on 127.0.0.1 between 20000 and 32000: stop some of the programs that listen there')
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}
