import type { Bus } from '@mdcreator/shared/bus/bus'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import type { Logger } from '@mdcreator/shared/log'

/** What an answer may wait for the bus. */
const patienceMs = 1_000

/**
 * Tells the collaboration servers, after the commit, that somebody's rights have changed, so that sockets lose them at
 * once. It never fails and waits a second at most: what is not heard, they find when they next read the rights again.
 */
export async function announce(bus: Bus, log: Logger, event: EventPayload<'access.changed'>): Promise<void> {
  const told = bus.publish('access.changed', event).catch((err: unknown) => {
    log.error({ err, ...event }, 'a change of rights could not be announced')
  })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.warn(event, 'a change of rights is not announced yet')
      resolve()
    }, patienceMs)
  })
  await Promise.race([told, late])
  clearTimeout(timer)
}
