import type { Logger } from '@mdcreator/shared/log'
import { Kysely, PostgresAdapter, PostgresDriver, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import pg from 'pg'
import type { DB } from './types.ts'

export type Database = Kysely<DB>
export type { Pool, PoolClient, QueryConfig } from 'pg'
export type { DB } from './types.ts'

/** Which of the roles of migration 0001 a server's connections take. */
export type DatabaseRole = 'mdcreator_api' | 'mdcreator_collab'

export type PoolOptions = {
  url: string
  /** Without one, the connections keep the rights of the user in the URL: migrations only. */
  role?: DatabaseRole
  size?: number
  /** More of PostgreSQL's settings for each connection, as `name=value`. */
  settings?: string[]
  log?: Logger
}

/**
 * A pool of connections that can do no more than the role may. bigint columns come back as numbers: our counters and
 * log ids stay far below 2^53. No statement runs longer than 30 s, and nothing waits longer than 5 s for a connection.
 */
export function createPool({ url, role, size = 10, settings: more = [], log }: PoolOptions): pg.Pool {
  const settings = ['statement_timeout=30000', 'idle_in_transaction_session_timeout=30000', ...more]
  if (role) settings.push(`role=${role}`)
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: 5_000,
    // Longer than a statement may run: without an answer by then, the connection died without a word.
    query_timeout: 35_000,
    keepAlive: true,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    types: typeParsers,
  })
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', (err) => {
    if (!pool.ending) log?.warn({ err }, 'a database connection broke')
  })
  // The same for one that is in use: whoever uses it learns of it at the next statement.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Kysely over such a pool; `destroy()` ends it. */
export function createDatabase(options: PoolOptions): Database {
  const pool = createPool(options)
  const adapter = new PostgresAdapter()
  pools.set(adapter, pool)
  return new Kysely<DB>({
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => new PostgresDriver({ pool }),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createIntrospector: (db) => new PostgresIntrospector(db),
    },
  })
}

/** By the adapter, which a Kysely shares with those that are made from it. */
const pools = new WeakMap<object, pg.Pool>()

/** The pool of a database that `createDatabase` made. */
export function poolOf(db: Database): pg.Pool {
  const pool = pools.get(db.getExecutor().adapter)
  if (!pool) throw new Error('The database was not made by createDatabase')
  return pool
}

const int8 = 20

export const typeParsers: pg.CustomTypesConfig = { getTypeParser: typeParser as typeof pg.types.getTypeParser }

function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === int8) return Number
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text')
}
