import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type AuthConfig, authConfig, authVariables } from './config-auth.ts'
import { UserError } from './user-error.ts'

export type { AuthConfig, CognitoConfig, OidcConfig } from './config-auth.ts'

const port = z.coerce.number().int().min(0).max(65_535)
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)

const count = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const mebibyte = 1024 * 1024

/**
 * A private-use scheme in reverse domain form, which no other program's can be (RFC 8252, section 7.1), or a loopback
 * address, without a port: any will do.
 */
const redirectUri = /^(?:[a-z][a-z\d-]*(?:\.[a-z\d-]+)+:\/[^\s#?]*|http:\/\/(?:127\.0\.0\.1|\[::1\])(?:\/[^\s#?]*)?)$/
const redirectUris = list.refine(
  (uris) => uris.length > 0 && uris.every((uri) => redirectUri.test(uri)),
  'each must be like app.example:/callback or http://127.0.0.1/callback',
)

/** `ada@example.com` or `Ada Lovelace <ada@example.com>` (RFC 5322, section 3.4, without its comments and quotes). */
const mailbox = z
  .string()
  .max(300)
  .regex(/^(?:[^<>@,;:"\\\p{Cc}]+ <[^<>@,\s]+@[^<>@,\s]+>|[^<>@,\s]+@[^<>@,\s]+)$/u, 'is no mailbox')

/** Every variable we read, with its default. An example is shown when a value is refused. */
const Environment = z.object({
  ENV: z.enum(['development', 'test', 'production']).default('development').meta({ example: 'production' }),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ example: 'info' }),
  HOST: z.string().min(1).default('127.0.0.1').meta({ example: '0.0.0.0' }),
  PORT: port.default(8000).meta({ example: '8000' }),
  COLLAB_PORT: port.default(1234).meta({ example: '1234' }),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ example: 'https://docs.example.com' }),
  DATA_DIR: z.string().min(1).default('.data').meta({ example: '/var/lib/mdcreator' }),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .meta({ example: 'postgres://user:password@localhost:5432/mdcreator' }),
  DATABASE_HOST: z.string().min(1).optional().meta({ example: 'localhost' }),
  DATABASE_PORT: port.default(5432).meta({ example: '5432' }),
  DATABASE_NAME: z.string().min(1).default('mdcreator').meta({ example: 'mdcreator' }),
  DATABASE_USER: z.string().min(1).default('mdcreator').meta({ example: 'mdcreator' }),
  DATABASE_PASSWORD: z.string().default('').meta({ example: 'a password' }),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(10).meta({ example: '10' }),
  DATABASE_WAIT_SECONDS: z.coerce.number().int().min(0).max(3_600).default(60).meta({ example: '60' }),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .meta({ example: 'rediss://user:password@cache.example.com:6379/0' }),
  REDIS_HOST: z.string().min(1).optional().meta({ example: 'localhost' }),
  REDIS_PORT: port.default(6379).meta({ example: '6379' }),
  REDIS_DB: z.coerce.number().int().min(0).max(1_000).default(0).meta({ example: '0' }),
  REDIS_USER: z.string().default('').meta({ example: 'mdcreator' }),
  REDIS_PASSWORD: z.string().default('').meta({ example: 'a password' }),
  REDIS_TLS: flag.default(false).meta({ example: 'true' }),
  REDIS_CLUSTER: flag.default(false).meta({ example: 'true' }),
  REDIS_PREFIX: z.string().max(50).default('mdcreator:').meta({ example: 'mdcreator:' }),
  RATE_LIMIT_PER_MINUTE: count.default(600).meta({ example: '600' }),
  TRUSTED_PROXIES: list.default([]).meta({ example: '10.0.0.0/8,loopback' }),
  COLLAB_MAX_FRAME_BYTES: count.default(4 * mebibyte).meta({ example: '4194304' }),
  COLLAB_MAX_DOCUMENT_BYTES: count.default(64 * mebibyte).meta({ example: '67108864' }),
  COLLAB_MESSAGES_PER_SECOND: count.default(300).meta({ example: '300' }),
  COLLAB_MESSAGE_BURST: count.default(3_000).meta({ example: '3000' }),
  COLLAB_DOCUMENTS_PER_SOCKET: count.default(100).meta({ example: '100' }),
  COLLAB_CONNECTIONS_PER_DOCUMENT: count.default(1_000).meta({ example: '1000' }),
  COLLAB_CONNECTIONS_PER_USER: count.default(200).meta({ example: '200' }),
  COLLAB_SOCKETS_PER_ADDRESS: count.default(1_000).meta({ example: '1000' }),
  COLLAB_UNAUTHENTICATED_SOCKETS: count.default(5_000).meta({ example: '5000' }),
  COLLAB_SOCKETS: count.default(20_000).meta({ example: '20000' }),
  COLLAB_REHEARSAL: flag.default(true).meta({ example: 'false' }),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/ })
    .optional()
    .meta({ example: 'smtps://user:password@mail.example.com:465' }),
  MAIL_FROM: mailbox.optional().meta({ example: 'MD Creator <no-reply@docs.example.com>' }),
  EMAIL_VERIFICATION: z.enum(['required', 'off']).default('off').meta({ example: 'required' }),
  OAUTH_CLIENT_ID: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'is no client id')
    .default('mdcreator-desktop')
    .meta({ example: 'mdcreator-desktop' }),
  OAUTH_REDIRECT_URIS: redirectUris
    .default(['app.mdcreator:/callback', 'http://127.0.0.1/callback', 'http://[::1]/callback'])
    .meta({ example: 'com.example.app:/callback,http://127.0.0.1/callback' }),
  CORS_ORIGINS: list.default([]).meta({ example: 'https://docs.example.com,https://app.example.com' }),
  ...authVariables,
})

type Variable = keyof typeof Environment.shape

export type Config = {
  env: 'development' | 'test' | 'production'
  logLevel: string
  host: string
  port: number
  collabPort: number
  /** A collaboration server of its own is only ready once its code is compiled. */
  collabRehearsal: boolean
  /** Where browsers reach us, without a slash at the end; null: whatever address they used. */
  publicUrl: string | null
  /** The `iss` of our own tokens: `publicUrl`, or the address of the API on this machine. */
  issuer: string
  /** Who signs people in. */
  auth: AuthConfig
  dataDir: string
  /** The database's URL, or null: the embedded one in `dataDir`. */
  databaseUrl: string | null
  databasePoolSize: number
  /** How long a server that starts waits for a database that is away. */
  databaseWaitMs: number
  /** Where the servers of a set-up meet, or null: everything is in this one process. */
  redis: RedisConfig | null
  /** Requests that a user, or an address without a user, may make in a minute. */
  rateLimitPerMinute: number
  /** Addresses and networks (as in Express's `trust proxy`) whose X-Forwarded-For is believed. */
  trustedProxies: string[]
  collab: CollabLimits
  mail: MailConfig
  /** Whether a new account must prove its e-mail address with a code before it can sign in. */
  emailVerification: 'required' | 'off'
  oauth: OAuthConfig
  /** Origins besides our own that may call the API and open sockets. */
  corsOrigins: string[]
}

export type RedisConfig = {
  /** `rediss:` for TLS; may hold a user, a password and the number of a database. */
  url: string
  /** True where `url` is a node of a Redis Cluster. */
  cluster: boolean
  /** Put before every key and channel, so that several set-ups may share a server. */
  prefix: string
}

/** The app that signs people in through the browser, at the local issuer. */
export type OAuthConfig = {
  clientId: string
  /** Where it may be answered; loopback addresses are written without a port, and hold for any. */
  redirectUris: string[]
}

export type MailConfig = {
  /** May hold a user and a password; null: mails are written to files. */
  smtpUrl: string | null
  /** The sender: an address, or `Name <address>`. */
  from: string
}

/** What the collab server takes of anybody. Bytes are bytes on the wire; sockets are counted per server. */
export type CollabLimits = {
  /** A larger frame ends its socket. */
  maxFrameBytes: number
  /** A document (checkpoint and tail) that is larger takes no more than deletions. */
  maxDocumentBytes: number
  /** Frames per second and connection, in the long run and at once. */
  messagesPerSecond: number
  messageBurst: number
  documentsPerSocket: number
  connectionsPerDocument: number
  connectionsPerUser: number
  /** An IPv6 address counts as its /64 network. */
  socketsPerAddress: number
  unauthenticatedSockets: number
  sockets: number
}

/**
 * Reads and checks the environment. Each variable may be given as `NAME_FILE`, the path of a file that holds the value.
 * @throws UserError naming the variable, what was wrong and an example
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const values: Partial<Record<Variable, string>> = {}
  for (const name of Object.keys(Environment.shape) as Variable[]) {
    const value = read(environment, name)
    if (value !== undefined && value !== '') values[name] = value
  }
  const result = Environment.safeParse(values)
  if (!result.success) throw new UserError(explain(result.error))
  const e = result.data
  const publicUrl = e.PUBLIC_URL?.replace(/\/+$/, '') ?? null
  const issuer = publicUrl ?? `http://localhost:${e.PORT}`
  return {
    env: e.ENV,
    logLevel: e.LOG_LEVEL,
    host: e.HOST,
    port: e.PORT,
    collabPort: e.COLLAB_PORT,
    collabRehearsal: e.COLLAB_REHEARSAL,
    publicUrl,
    issuer,
    auth: authConfig(e, example),
    dataDir: e.DATA_DIR,
    databaseUrl: e.DATABASE_URL ?? databaseUrl(e),
    databasePoolSize: e.DATABASE_POOL_SIZE,
    databaseWaitMs: e.DATABASE_WAIT_SECONDS * 1_000,
    redis: redisConfig(e),
    rateLimitPerMinute: e.RATE_LIMIT_PER_MINUTE,
    trustedProxies: e.TRUSTED_PROXIES,
    collab: {
      maxFrameBytes: e.COLLAB_MAX_FRAME_BYTES,
      maxDocumentBytes: e.COLLAB_MAX_DOCUMENT_BYTES,
      messagesPerSecond: e.COLLAB_MESSAGES_PER_SECOND,
      messageBurst: e.COLLAB_MESSAGE_BURST,
      documentsPerSocket: e.COLLAB_DOCUMENTS_PER_SOCKET,
      connectionsPerDocument: e.COLLAB_CONNECTIONS_PER_DOCUMENT,
      connectionsPerUser: e.COLLAB_CONNECTIONS_PER_USER,
      socketsPerAddress: e.COLLAB_SOCKETS_PER_ADDRESS,
      unauthenticatedSockets: e.COLLAB_UNAUTHENTICATED_SOCKETS,
      sockets: e.COLLAB_SOCKETS,
    },
    mail: {
      smtpUrl: e.SMTP_URL ?? null,
      from: e.MAIL_FROM ?? `MD Creator <no-reply@${new URL(issuer).hostname}>`,
    },
    emailVerification: e.EMAIL_VERIFICATION,
    oauth: { clientId: e.OAUTH_CLIENT_ID, redirectUris: e.OAUTH_REDIRECT_URIS },
    corsOrigins: e.CORS_ORIGINS,
  }
}

function read(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const file = environment[`${name}_FILE`]
  if (!file) return environment[name]
  if (environment[name]) throw new UserError(`${name} and ${name}_FILE are both set: set one of them`)
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new UserError(`${name}_FILE: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function explain(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const name = String(issue.path[0]) as Variable
      return `${name} is not usable: ${issue.message}. ${example(name)}`
    })
    .join('\n')
}

const example = (name: Variable): string => `Example: ${name}=${Environment.shape[name].meta()?.['example']}`

function databaseUrl(e: z.output<typeof Environment>): string | null {
  if (!e.DATABASE_HOST) return null
  const url = new URL(`postgres://${e.DATABASE_HOST}`)
  url.port = String(e.DATABASE_PORT)
  url.username = encodeURIComponent(e.DATABASE_USER)
  url.password = encodeURIComponent(e.DATABASE_PASSWORD)
  url.pathname = `/${encodeURIComponent(e.DATABASE_NAME)}`
  return url.href
}

function redisConfig(e: z.output<typeof Environment>): RedisConfig | null {
  const { REDIS_CLUSTER: cluster, REDIS_PREFIX: prefix } = e
  if (e.REDIS_URL) return { url: e.REDIS_URL, cluster, prefix }
  if (!e.REDIS_HOST) return null
  const url = new URL(`${e.REDIS_TLS ? 'rediss' : 'redis'}://${e.REDIS_HOST}`)
  url.port = String(e.REDIS_PORT)
  url.username = encodeURIComponent(e.REDIS_USER)
  url.password = encodeURIComponent(e.REDIS_PASSWORD)
  url.pathname = `/${e.REDIS_DB}`
  return { url: url.href, cluster, prefix }
}
