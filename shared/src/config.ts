import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { UserError } from './user-error.ts'

const port = z.coerce.number().int().min(0).max(65_535)
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)

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
  CORS_ORIGINS: list.default([]).meta({ example: 'https://docs.example.com,https://app.example.com' }),
})

type Variable = keyof typeof Environment.shape

export type Config = {
  env: 'development' | 'test' | 'production'
  logLevel: string
  host: string
  port: number
  collabPort: number
  /** Where browsers reach us, without a slash at the end; null: whatever address they used. */
  publicUrl: string | null
  /** The `iss` of the local issuer's tokens: `publicUrl`, or the address of the API on this machine. */
  issuer: string
  dataDir: string
  /** The database's URL, or null: the embedded one in `dataDir`. */
  databaseUrl: string | null
  databasePoolSize: number
  /** Origins besides our own that may call the API and open sockets. */
  corsOrigins: string[]
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
  return {
    env: e.ENV,
    logLevel: e.LOG_LEVEL,
    host: e.HOST,
    port: e.PORT,
    collabPort: e.COLLAB_PORT,
    publicUrl,
    issuer: publicUrl ?? `http://localhost:${e.PORT}`,
    dataDir: e.DATA_DIR,
    databaseUrl: e.DATABASE_URL ?? databaseUrl(e),
    databasePoolSize: e.DATABASE_POOL_SIZE,
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
      return `${name} is not usable: ${issue.message}. Example: ${name}=${Environment.shape[name].meta()?.['example']}`
    })
    .join('\n')
}

function databaseUrl(e: z.output<typeof Environment>): string | null {
  if (!e.DATABASE_HOST) return null
  const url = new URL(`postgres://${e.DATABASE_HOST}`)
  url.port = String(e.DATABASE_PORT)
  url.username = encodeURIComponent(e.DATABASE_USER)
  url.password = encodeURIComponent(e.DATABASE_PASSWORD)
  url.pathname = `/${encodeURIComponent(e.DATABASE_NAME)}`
  return url.href
}
