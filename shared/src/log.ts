import { AsyncLocalStorage } from 'node:async_hooks'
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/**
 * What a request carries with it: its id goes into every log line and over the bus, where it comes from (the network, and
 * what the client says it is) into the audit log.
 */
export type RequestContext = {
  requestId: string
  client?: { network: string; userAgent: string | null }
}
export const requestContext = new AsyncLocalStorage<RequestContext>()

const secretFields = [
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'ticket',
  'password',
  'authorization',
  'cookie',
  'secret',
]

/** A URL, path or message without its secrets: `?token=…` in any position, invitations, and bearer tokens. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/([?&;](?:access_|refresh_|id_)?(?:token|code|ticket|key|secret|password)=)[^&#\s"']*/gi, '$1[redacted]')
    .replace(/(\/invitations\/)[\w-]{43}(?![\w-])/g, '$1[redacted]')
    .replace(/\b(bearer\s+)[\w.~+/=-]+/gi, '$1[redacted]')
    .replace(/\bmd[ct]_[\w-]{36,}/g, '[redacted]')
    .replace(/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[redacted]')
    .replace(/\b(postgres(?:ql)?|rediss?|smtps?):\/\/[^@\s/]*@/gi, '$1://[redacted]@')
}

/** The one logger. JSON lines on standard error or `destination`; secrets are redacted, the request's id is added. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: secretFields.flatMap((field) => [field, `*.${field}`, `req.headers.${field}`]),
      censor: '[redacted]',
    },
    serializers: { err: serializeError },
    mixin: () => {
      const context = requestContext.getStore()
      return context ? { requestId: context.requestId } : {}
    },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger['info']>, method: Logger['info']) {
        method.apply(
          this,
          args.map((arg: unknown) => (typeof arg === 'string' ? withoutSecrets(arg) : arg)) as typeof args,
        )
      },
    },
  }
  return pino(options, destination ?? pino.destination({ fd: 2, sync: false }))
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const serialized = pino.stdSerializers.err(error)
  const { type, message, stack } = serialized
  const code = (error as { code?: unknown }).code
  return { type, code, message: withoutSecrets(message), stack: withoutSecrets(stack) }
}
