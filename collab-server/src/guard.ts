import type { Extension } from '@hocuspocus/server'
import type { Logger } from '@mdcreator/shared/log'

/** Hooks that Hocuspocus calls without awaiting them: a throw there ends the process. */
const unawaited = new Set([
  'onChange',
  'onStateless',
  'onAwarenessUpdate',
  'beforeBroadcastStateless',
  'onDisconnect',
  'afterUnloadDocument',
])

/** A refusal that Hocuspocus passes to the client. Without a message, so that it does not print it as well. */
export class Refusal extends Error {
  readonly reason: string
  constructor(reason: string) {
    super('')
    this.reason = reason
  }
}

/**
 * Wraps every hook of an extension: what fails is logged once; hooks that are awaited reject with a Refusal, the others
 * never do.
 */
export function guarded<Context>(log: Logger, extension: Extension<Context>): Extension<Context> {
  const hooks = Object.entries(extension).filter(([, hook]) => typeof hook === 'function')
  const wrapped = hooks.map(([name, hook]) => [name, guard(log, name, hook as Hook)])
  return { ...extension, ...Object.fromEntries(wrapped) }
}

type Hook = (payload: unknown) => unknown

function guard(log: Logger, name: string, hook: Hook): (payload: unknown) => Promise<unknown> {
  return async (payload) => {
    try {
      return await hook(payload)
    } catch (err) {
      if (!(err instanceof Refusal)) log.error({ err, hook: name }, 'a hook failed')
      if (unawaited.has(name)) return undefined
      throw err instanceof Refusal ? err : new Refusal('internal-error')
    }
  }
}
